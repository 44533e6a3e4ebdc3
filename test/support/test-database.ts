import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { newId } from '../../src/common/ids.js';

interface TestDatabase {
  /** For DATABASE_URL. */
  readonly url: string;
  drop(): Promise<void>;
}

/** An empty database on the engine that this Jest project tests. */
export async function createTestDatabase(): Promise<TestDatabase> {
  return testEngine === 'sqlite' ? createSqlite() : createOnServer();
}

async function createSqlite(): Promise<TestDatabase> {
  const folder = await mkdtemp(join(tmpdir(), 'colloquy-test-'));
  return {
    url: `sqlite:${join(folder, 'test.sqlite')}`,
    drop: () => rm(folder, { recursive: true, force: true }),
  };
}

async function createOnServer(): Promise<TestDatabase> {
  const variable = testEngine === 'mysql' ? 'TEST_MYSQL_URL' : 'TEST_DATABASE_URL';
  const server = process.env[variable];
  if (!server) throw new Error(`${variable} is not set.`);
  if (await isVitess(server)) return emptied(server);
  const name = `test_${newId().replaceAll('-', '')}`;
  const url = new URL(server);
  url.pathname = `/${name}`;
  await onServer(server, `CREATE DATABASE ${name} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci`);
  return {
    url: url.href,
    drop: async () => {
      await onServer(server, `DROP DATABASE IF EXISTS ${name}`);
    },
  };
}

/** Vitess makes no database by itself: all stories are told on the one that it has, one after another (`-w 1`). */
async function emptied(server: string): Promise<TestDatabase> {
  for (const row of await onServer(server, 'SHOW TABLES'))
    await onServer(server, `DROP TABLE \`${String(Object.values(row)[0])}\``);
  return { url: server, drop: async () => {} };
}

const isVitess = async (server: string): Promise<boolean> =>
  JSON.stringify(await onServer(server, 'SELECT VERSION()')).includes('Vitess');

async function onServer(url: string, statement: string): Promise<RowDataPacket[]> {
  const connection = await createConnection(url);
  try {
    const [rows] = await connection.query<RowDataPacket[]>(statement);
    return rows;
  } finally {
    await connection.end();
  }
}
