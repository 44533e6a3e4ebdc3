import type { Principal } from '../../identity/principal.js';
import type { ColumnTypes } from './column-types.js';
import { TextColumn, TimeTextColumn } from './columns.js';

/** When a row was made and last changed, and by whom. Null where the credential does not say. */
export abstract class Authored {
  @TimeTextColumn() createdTime: string;
  @TimeTextColumn() updatedTime: string;
  @TextColumn(255, { nullable: true }) createdBy: string | null;
  @TextColumn(255, { nullable: true }) createdByName: string | null;
  @TextColumn(255, { nullable: true }) createdByRole: string | null;
  @TextColumn(255, { nullable: true }) updatedBy: string | null;
  @TextColumn(255, { nullable: true }) updatedByName: string | null;
  @TextColumn(255, { nullable: true }) updatedByRole: string | null;
}

/** As `Authored` has them, for the migrations. */
export const authorshipColumns = ({ text, time }: ColumnTypes) => ({
  created_time: `${time} NOT NULL`,
  updated_time: `${time} NOT NULL`,
  created_by: `${text(255)} NULL`,
  created_by_name: `${text(255)} NULL`,
  created_by_role: `${text(255)} NULL`,
  updated_by: `${text(255)} NULL`,
  updated_by_name: `${text(255)} NULL`,
  updated_by_role: `${text(255)} NULL`,
});

/** Authorship of a row that `principal` makes now. */
export function authoredBy({ id, name, role }: Principal, time: Date): Authored {
  const text = time.toISOString();
  return {
    createdTime: text,
    updatedTime: text,
    createdBy: id,
    createdByName: name,
    createdByRole: role,
    updatedBy: id,
    updatedByName: name,
    updatedByRole: role,
  };
}

/** The later of a time and the one that a row has; time never goes backwards. */
export const laterOf = (time: Date, rowTime: string): Date =>
  time.toISOString() < rowTime ? new Date(rowTime) : time;

/** A row with other values, marked as `changedBy` marks it; the very same row where none of them is another one. */
export function withChange<Row extends Authored & { version: number }>(
  row: Row,
  change: { readonly [Property in keyof Row]?: Row[Property] | undefined },
  { id, name, role }: Principal,
  time: Date,
): Row {
  const values = Object.entries<unknown>(change).filter(
    ([property, value]) => value !== undefined && value !== Reflect.get(row, property),
  );
  if (values.length === 0) return row;
  return {
    ...row,
    ...Object.fromEntries(values),
    version: row.version + 1,
    updatedTime: row.updatedTime < time.toISOString() ? time.toISOString() : row.updatedTime,
    updatedBy: id,
    updatedByName: name,
    updatedByRole: role,
  };
}

/**
 * The part of an UPDATE's SET that marks a change, and its values. Time never goes backwards, whatever order
 * concurrent changes commit in.
 */
export const changedBy = ({ id, name, role }: Principal, time: Date): { set: string; values: unknown[] } => ({
  set: `version = version + 1,
    updated_time = CASE WHEN updated_time < ? THEN ? ELSE updated_time END,
    updated_by = ?, updated_by_name = ?, updated_by_role = ?`,
  values: [time, time, id, name, role],
});
