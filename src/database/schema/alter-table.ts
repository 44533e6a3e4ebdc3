import type { QueryRunner } from 'typeorm';
import { type ColumnTypes, columnTypesOf } from './column-types.js';

/**
 * Changes to tables that are in use. Each looks first whether it was made, so that a migration that died half-way is
 * run again from its start, and on a server each asks for an algorithm that lets others go on reading and writing:
 * where there is none the migration fails at once instead of locking a large table.
 */

/**
 * Adds those of the columns that are missing, without touching a row. What is NOT NULL needs a DEFAULT: replicas of
 * the release before go on inserting rows that do not name it.
 */
export async function addColumns(
  runner: QueryRunner,
  table: string,
  columns: (types: ColumnTypes) => Record<string, string>,
): Promise<void> {
  const types = columnTypesOf(runner);
  const missing: string[] = [];
  for (const [name, type] of Object.entries(columns(types))) {
    if (/NOT NULL/i.test(type) && !/DEFAULT/i.test(type))
      throw new Error(`${table}.${name} needs a DEFAULT for what the release before inserts.`);
    if (!(await runner.hasColumn(table, name))) missing.push(`ADD COLUMN ${name} ${type}`);
  }
  if (missing.length === 0) return;
  if (isSqlite(runner)) for (const column of missing) await runner.query(`ALTER TABLE ${table} ${column}`);
  else await runner.query(`ALTER TABLE ${table} ${missing.join(', ')}, ALGORITHM=INSTANT`);
}

/** Adds an index unless it is there. */
export async function addIndex(
  runner: QueryRunner,
  table: string,
  name: string,
  columns: readonly string[],
  { unique = false }: { unique?: boolean } = {},
): Promise<void> {
  const kind = unique ? 'UNIQUE INDEX' : 'INDEX';
  if (isSqlite(runner)) {
    await runner.query(`CREATE ${kind} IF NOT EXISTS ${name} ON ${table} (${columns.join(', ')})`);
    return;
  }
  const found: unknown = await runner.query(`SHOW INDEX FROM ${table} WHERE Key_name = ?`, [name]);
  if (Array.isArray(found) && found.length > 0) return;
  const added = `ADD ${kind} ${name} (${columns.join(', ')})`;
  await runner.query(`ALTER TABLE ${table} ${added}, ALGORITHM=INPLACE, LOCK=NONE`);
}

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
