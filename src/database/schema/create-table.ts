import type { QueryRunner } from 'typeorm';
import { type ColumnTypes, columnTypesOf } from './column-types.js';

interface TableDefinition {
  columns: (types: ColumnTypes) => Record<string, string>;
  primaryKey: readonly string[];
  indexes?: Record<string, readonly string[]>;
  /** Of `indexes`, those that allow a value once. */
  unique?: readonly string[];
}

/**
 * Creates a table with its indexes unless it is there: MySQL commits each statement that changes the schema, so that
 * a migration whose process died half-way is run again from its start.
 */
export async function createTable(
  runner: QueryRunner,
  table: string,
  { columns, primaryKey, indexes = {}, unique = [] }: TableDefinition,
): Promise<void> {
  const types = columnTypesOf(runner);
  const kindOf = (index: string) => (unique.includes(index) ? 'UNIQUE INDEX' : 'INDEX');
  const inTable = Object.entries(indexes).map(([name, on]) => `${kindOf(name)} ${name} (${on.join(', ')})`);
  const parts = [
    ...Object.entries(columns(types)).map(([name, type]) => `${name} ${type}`),
    `PRIMARY KEY (${primaryKey.join(', ')})`,
    ...(types.indexesInTable ? inTable : []),
  ];
  await runner.query(`CREATE TABLE IF NOT EXISTS ${table} (${parts.join(', ')})${types.tableOptions}`);
  if (types.indexesInTable) return;
  for (const [name, on] of Object.entries(indexes)) {
    await runner.query(`CREATE ${kindOf(name)} IF NOT EXISTS ${name} ON ${table} (${on.join(', ')})`);
  }
}
