import type { DataSource } from 'typeorm';

export type Row = Record<string, unknown>;

interface Connection {
  query: (sql: string, parameters: unknown[]) => Promise<unknown>;
}

/** All tables whose rows each belong to a tenant. */
export const tenantTablesOf = ({ entityMetadatas }: DataSource): string[] =>
  entityMetadatas
    .filter(({ primaryColumns }) => primaryColumns.some(({ propertyName }) => propertyName === 'tenantId'))
    .map(({ tableName }) => tableName);

/** Inserts rows, all of which have the columns of the first one. */
export async function insertAll(connection: Connection, table: string, rows: readonly Row[]): Promise<void> {
  const columns = Object.keys(rows[0] ?? {});
  const tuple = `(${columns.map(() => '?').join(', ')})`;
  for (const chunk of chunksOf(rows)) {
    await connection.query(
      `INSERT INTO ${table} (${columns.join(', ')}) VALUES ${chunk.map(() => tuple).join(', ')}`,
      chunk.flatMap((row) => Object.values(row)),
    );
  }
}

const MAX_ROWS = 500;
/** Of a row that has a statement of its own, because servers take only so much in one. */
const LARGE = 1024 * 1024;
const isLarge = (row: Row) => Object.values(row).some((value) => String(value).length > LARGE);

function* chunksOf(rows: readonly Row[]): Generator<readonly Row[]> {
  for (const row of rows.filter(isLarge)) yield [row];
  const others = rows.filter((row) => !isLarge(row));
  for (let start = 0; start < others.length; start += MAX_ROWS) yield others.slice(start, start + MAX_ROWS);
}
