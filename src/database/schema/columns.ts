import { Column, type ColumnOptions, PrimaryColumn, type ValueTransformer } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';

/**
 * The kinds of column that entities have. Both engines know the types named here; what each makes of them
 * (byte-wise collation, milliseconds, length) is said in `column-types.ts` for the migrations.
 */
type Nullable = Pick<ColumnOptions, 'nullable'>;

/** 0 or 1, which both engines answer as numbers. */
export type Flag = 0 | 1;
export const FlagColumn = (): PropertyDecorator => Column({ type: 'tinyint' });
/** The part of a primary key that is an id. */
export const KeyColumn = (): PropertyDecorator => PrimaryColumn({ type: 'varchar', length: 64 });
export const IdColumn = (options: Nullable = {}): PropertyDecorator =>
  Column({ type: 'varchar', length: 64, ...options });
/** An id that others make. */
export const ExternalIdColumn = (options: Nullable = {}): PropertyDecorator =>
  Column({ type: 'varchar', length: 255, ...options });
/** Short text of up to `length` characters. */
export const TextColumn = (length: number, options: Nullable = {}): PropertyDecorator =>
  Column({ type: 'varchar', length, ...options });
export const LongTextColumn = (options: Nullable = {}): PropertyDecorator =>
  Column({ type: 'text', ...options });
/** A JSON object as the text it is written in, so that its value stays exact and is parsed only when needed. */
export const JsonTextColumn = (options: Nullable = {}): PropertyDecorator =>
  Column({ type: 'text', ...options });
/** A Date in UTC with milliseconds. */
export const TimeColumn = (options: Nullable = {}): PropertyDecorator =>
  Column({ type: 'datetime', precision: 3, ...options });
/**
 * A time that is answered as it is read: text as in RFC 3339, in UTC with milliseconds. To make a Date and its text of
 * each costs more than all else of a row.
 */
export const TimeTextColumn = (options: Nullable = {}): PropertyDecorator =>
  Column({ type: 'datetime', precision: 3, transformer: TIME_TEXT, ...options });
const TIME_TEXT: ValueTransformer = {
  to: (text: unknown) => text,
  from: (time: Date) => time.toISOString(),
};
export const isTimeText = ({ transformer }: ColumnMetadata): boolean => transformer === TIME_TEXT;
export const CountColumn = (options: Nullable = {}): PropertyDecorator =>
  Column({ type: 'bigint', ...options });
/** The part of a primary key that others made. */
export const ExternalKeyColumn = (): PropertyDecorator => PrimaryColumn({ type: 'varchar', length: 255 });
/** The part of a primary key that counts up. */
export const SequenceColumn = (): PropertyDecorator => PrimaryColumn({ type: 'bigint' });
export const BytesColumn = (): PropertyDecorator => Column({ type: 'blob' });
