import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createConnection, type Connection, type RowDataPacket } from 'mysql2/promise';
import { OTHER_CORE, pin, ROOT, SCRATCH } from './machine.js';

interface Server {
  url: string;
  stop: () => Promise<void>;
}

interface Starter {
  startServer: (options: { parent: string; args: string[] }) => Promise<Server>;
}

/** A private server whose commits are on the disk before they are answered. */
const DURABLE = [
  '--innodb-flush-log-at-trx-commit=1',
  '--innodb-doublewrite=1',
  '--loose-innodb-flush-method=O_DIRECT',
  '--innodb-buffer-pool-size=1G',
  '--loose-innodb-log-file-size=512M',
  '--local-infile=ON',
];

export interface Database extends Server {
  /** For loading data and reading counters; no measured request uses it. */
  connection: Connection;
  version: string;
  processId: number;
  /** Of all tables with their indexes, as the server estimates them. */
  size: () => Promise<{ messages: number; bytes: number }>;
}

export async function startDatabase(): Promise<Database> {
  mkdirSync(SCRATCH, { recursive: true });
  const starter = pathToFileURL(join(ROOT, 'test/support/server.mjs')).href;
  const { startServer } = (await import(starter)) as Starter;
  const server = await startServer({ parent: SCRATCH, args: DURABLE });
  const connection = await createConnection({ uri: server.url, timezone: 'Z', charset: 'utf8mb4' });
  const variables = await rows(connection, 'SELECT VERSION() AS version, @@pid_file AS pidFile');
  const processId = Number(readFileSync(String(variables[0]?.pidFile), 'utf8'));
  pin(processId, OTHER_CORE);
  return {
    ...server,
    connection,
    version: String(variables[0]?.version),
    processId,
    size: async () => {
      const [found] = await rows(
        connection,
        "SELECT SUM(IF(table_name = 'message', table_rows, 0)) AS messages, SUM(data_length + index_length) AS bytes FROM information_schema.tables WHERE table_schema = DATABASE()",
      );
      return { messages: Number(found?.messages), bytes: Number(found?.bytes) };
    },
    stop: async () => {
      await connection.end();
      await server.stop();
    },
  };
}

/** Rows of a statement, by column name. */
async function rows(
  connection: Connection,
  sql: string,
  parameters: unknown[] = [],
): Promise<Record<string, unknown>[]> {
  const [found] = await connection.query<RowDataPacket[]>(sql, parameters);
  return found;
}

interface Counters {
  statements: number;
  rowsRead: number;
}

/** What the whole server has done so far; asking counts as one statement. */
export async function readCounters(connection: Connection): Promise<Counters> {
  const found = await rows(
    connection,
    `SHOW GLOBAL STATUS WHERE Variable_name = 'Questions' OR Variable_name LIKE 'Handler\\_read%'`,
  );
  const counters: Counters = { statements: 0, rowsRead: 0 };
  for (const { Variable_name: name, Value: value } of found) {
    if (name === 'Questions') counters.statements += Number(value);
    else counters.rowsRead += Number(value);
  }
  return counters;
}
