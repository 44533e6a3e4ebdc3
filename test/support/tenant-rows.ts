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
  for (let start = 0; start < rows.length; start += 500) {
    const chunk = rows.slice(start, start + 500);
    await connection.query(
      `INSERT INTO ${table} (${columns.join(', ')}) VALUES ${chunk.map(() => tuple).join(', ')}`,
      chunk.flatMap((row) => Object.values(row)),
    );
  }
}
