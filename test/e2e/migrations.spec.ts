import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';
import { loadConfig } from '../../src/config/load-config.js';
import { dataSourceOptions, openDataSource } from '../../src/database/engines/data-source.js';
import { pendingMigrations, runMigrations } from '../../src/database/schema/migrate.js';
import { runCommand } from '../support/command.js';
import { createTestDatabase } from '../support/test-database.js';
import { until } from '../support/until.js';

const REPLICAS = 10;
let database: Awaited<ReturnType<typeof createTestDatabase>>;
let opened: DataSource[];

beforeEach(async () => {
  database = await createTestDatabase();
  opened = [];
});

afterEach(async () => {
  await Promise.all(opened.map((dataSource) => dataSource.destroy()));
  await database.drop();
});

async function open(): Promise<DataSource> {
  const { database: config } = loadConfig({
    environment: { DATABASE_URL: database.url, DATABASE_POOL_SIZE: '2' },
  });
  const dataSource = await openDataSource(await dataSourceOptions(config));
  opened.push(dataSource);
  return dataSource;
}

async function recorded(dataSource: DataSource): Promise<string[]> {
  const rows: { name: string }[] = await dataSource.query('SELECT name FROM migrations ORDER BY id');
  return rows.map(({ name }) => name);
}

const namesOf = ({ migrations }: DataSource): string[] =>
  migrations.map((migration) => migration.constructor.name);
const migrations = (command: string) =>
  runCommand('cli/migrations.ts', [command], { DATABASE_URL: database.url });
const server = (mode: 'check' | 'run') =>
  runCommand('main.ts', [], { DATABASE_URL: database.url, DATABASE_MIGRATIONS: mode, PORT: '0' });

describe('migrations', () => {
  it('run once when ten replicas start at once on an empty database', async () => {
    const replicas = await Promise.all(Array.from({ length: REPLICAS }, open));
    const first = await open();
    const all = namesOf(first);
    expect(await pendingMigrations(first)).toEqual(all);

    const executed = await Promise.all(replicas.map(runMigrations));

    expect(executed.filter((names) => names.length > 0)).toEqual([all]);
    expect(await recorded(first)).toEqual(all);
    expect(await Promise.all(replicas.map(pendingMigrations))).toEqual(replicas.map(() => []));
    expect(await runMigrations(first)).toEqual([]);
  });

  it('are listed and run from the command line', async () => {
    const names = namesOf(await open()).join('\n');

    const stderr = expect.stringMatching(/^Database: \S+\n$/);
    const before = await migrations('list');
    const run = await migrations('run');
    const after = await migrations('list');
    const again = await migrations('run');
    const misspelt = await migrations('rnu');

    const saying = (what: string) =>
      expect.stringMatching(RegExp(`^Database: \\S+\nMigrations ${what}: \\d+\n$`));
    expect(before).toEqual({ exitCode: 1, stdout: `${names}\n`, stderr: saying('missing') });
    expect(run).toEqual({ exitCode: 0, stdout: `${names}\n`, stderr: saying('run') });
    expect(after).toEqual({ exitCode: 0, stdout: 'Nothing to do.\n', stderr });
    expect(again).toEqual({ exitCode: 0, stdout: 'Nothing to do.\n', stderr });
    expect(misspelt).toEqual({
      exitCode: 2,
      stdout: '',
      stderr: expect.stringContaining('did you mean run?'),
    });
  }, 60_000);
});

describe('DATABASE_MIGRATIONS=check', () => {
  it('refuses to start, and ends, when migrations are missing', async () => {
    const { exitCode, stdout } = await server('check');

    expect(exitCode).toBe(1);
    expect(stdout).toContain('Migrations are missing');
    expect(stdout).not.toContain('listens on');
  }, 60_000);
});

if (testEngine !== 'sqlite') {
  it('let others go on where a table is in use, and are done when it no longer is', async () => {
    const { database: config } = loadConfig({ environment: { DATABASE_URL: database.url } });
    const options = await dataSourceOptions(config);
    const all = Array.isArray(options.migrations) ? options.migrations : [];
    const before = await openDataSource({ ...options, migrations: all.slice(0, -1) });
    opened.push(before);
    await runMigrations(before);
    const reader = before.createQueryRunner('master');
    await reader.startTransaction();
    await reader.query('SELECT * FROM feed');

    const migrating = runMigrations(await open());
    await until('the migration waits', async () => {
      const processes: Record<string, unknown>[] = await before.query('SHOW PROCESSLIST');
      return processes.some(({ State }) => /metadata lock/i.test(String(State)));
    });
    expect(await before.query('SELECT * FROM feed')).toEqual([]);
    await reader.commitTransaction();
    await reader.release();

    expect(await migrating).toEqual(namesOf(await open()).slice(-1));
  });
}

if (testEngine === 'sqlite') {
  describe('processes that share one SQLite file', () => {
    it('run the migrations once', async () => {
      const runs = await Promise.all(Array.from({ length: REPLICAS }, () => migrations('run')));

      const names = namesOf(await open()).join('\n');
      expect(runs.map(({ exitCode }) => exitCode)).toEqual(runs.map(() => 0));
      expect(runs.map(({ stdout }) => stdout).sort()).toEqual(
        [...Array.from({ length: REPLICAS - 1 }, () => 'Nothing to do.\n'), `${names}\n`].sort(),
      );
    }, 60_000);
  });
}
