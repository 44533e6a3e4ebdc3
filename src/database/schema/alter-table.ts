import type { QueryRunner } from 'typeorm';
import { type ColumnTypes, columnTypesOf } from './column-types.js';

/**
 * Changes to tables that are in use. Each looks first whether it was made, so that a migration that died half-way is
 * run again from its start, and on a server each asks for an algorithm that lets others go on reading and writing:
 * where there is none the migration fails at once instead of locking a large table.
 */

/** Gives a column a type that holds all that it held before. Nothing on SQLite, to which a declared length means nothing. */
export async function widenColumn(
  runner: QueryRunner,
  table: string,
  column: string,
  type: (types: ColumnTypes) => string,
): Promise<void> {
  if (isSqlite(runner)) return;
  const widened = `MODIFY COLUMN ${column} ${type(columnTypesOf(runner))}`;
  await runner.query(`ALTER TABLE ${table} ${widened}, ALGORITHM=INPLACE, LOCK=NONE`);
}

const isSqlite = ({ dataSource }: QueryRunner): boolean => dataSource.options.type === 'better-sqlite3';
