import { afterAll, expect, it } from '@jest/globals';
import type { DataSource, QueryRunner } from 'typeorm';
import { loadConfig } from '../../src/config/load-config.js';
import { dataSourceOptions, openDataSource } from '../../src/database/engines/data-source.js';
import { runMigrations } from '../../src/database/schema/migrate.js';
import { insertAll } from '../support/tenant-rows.js';
import { DatabaseServer } from './support/database-server.js';
import { tell } from './support/figures.js';

const CHANGES = /^\s*(ALTER|CREATE|DROP|INSERT|UPDATE|DELETE)\b/i;
const TIME = '2026-01-31 08:00:00.000';
const COUNT = {
  tenant_id: 'acme',
  agent_id: 'agent',
  status: 'running',
  tenant_unit_id: '',
  shard: 0,
  total: 1,
};
const KEY = {
  tenant_id: 'acme',
  id: 'key',
  tenant_unit_id: null,
  fingerprint: 'f',
  status: 422,
  headers: '{}',
  body: Buffer.from('kept text'),
  expires_time: '2099-01-01 00:00:00.000',
};
const CONVERSATION = {
  tenant_id: 'acme',
  id: '019c12f4-8a00-7c1d-9a4b-5e2f6d3c1b0a',
  tenant_unit_id: null,
  topic: 'Kept',
  status: 'running',
  inputs: '{}',
  extend_properties: '{}',
  message_count: 0,
  version: 1,
  created_time: TIME,
  updated_time: TIME,
  created_by: 'ada',
  updated_by: 'ada',
};

const server = await DatabaseServer.start();
const { database: config } = loadConfig({ environment: { DATABASE_URL: server.url } });
const options = await dataSourceOptions(config);
afterAll(() => server.stop());

/** As the first release has it, with a row of each kind that a migration touches. */
async function anOldDatabase(): Promise<void> {
  await server.query('DROP DATABASE colloquy');
  await server.query('CREATE DATABASE colloquy CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci');
  const first = Array.isArray(options.migrations) ? options.migrations.slice(0, 1) : [];
  await migrate({ ...options, migrations: first });
  const source = await openDataSource({ ...options, migrations: [] });
  await insertAll(source, 'conversation', [CONVERSATION]);
  await insertAll(source, 'conversation_count', [COUNT]);
  await insertAll(source, 'idempotency_record', [KEY]);
  await source.destroy();
}

async function migrate(from = options, watch: (source: DataSource) => void = () => undefined): Promise<void> {
  const source = await openDataSource(from);
  watch(source);
  try {
    await runMigrations(source);
  } finally {
    await source.destroy().catch(() => undefined); // the server may be gone
  }
}

/** Kills the server in front of the n-th statement that changes something; tells whether it came to that. */
async function migrateUntil(n: number): Promise<boolean> {
  let changes = 0;
  const watch = (source: DataSource) => {
    const createQueryRunner = source.createQueryRunner.bind(source);
    source.createQueryRunner = (mode) => {
      const runner: QueryRunner = createQueryRunner(mode);
      const query = runner.query.bind(runner);
      runner.query = async (sql: string, ...rest: []) => {
        if (CHANGES.test(sql) && ++changes === n) await server.kill();
        return query(sql, ...rest);
      };
      return runner;
    };
  };
  await migrate(options, watch).catch((error: unknown) => {
    if (changes < n) throw error;
  });
  return changes >= n;
}

/** Every table as it was made, and what is in those that had rows. */
async function state(): Promise<unknown[]> {
  const tables = await server.query<{ name: string }>(
    "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'colloquy' ORDER BY 1",
  );
  const made: unknown[] = [];
  for (const { name } of tables) made.push(...(await server.query(`SHOW CREATE TABLE colloquy.${name}`)));
  for (const name of ['conversation', 'conversation_count', 'idempotency_record'])
    made.push(...(await server.query(`SELECT * FROM colloquy.${name}`)));
  made.push(...(await server.query('SELECT name FROM colloquy.migrations ORDER BY id')));
  return made;
}

it('a migration goes on from wherever the database was killed', async () => {
  await anOldDatabase();
  await migrate();
  const wanted = await state();

  let killed = 0;
  for (;;) {
    await anOldDatabase();
    if (!(await migrateUntil(killed + 1))) break;
    killed++;
    await server.start();
    await migrate();
    expect(await state()).toEqual(wanted);
  }

  tell('the database killed between the statements of its migrations', { kills: killed });
  expect(killed).toBeGreaterThan(15);
}, 300_000);
