import { setTimeout as sleep } from 'node:timers/promises';
import { type DataSource, MigrationExecutor, type QueryRunner } from 'typeorm';
import { isConflict } from './database-errors.js';

const LOCK_TIMEOUT_SECONDS = 60;
const MAX_ATTEMPTS = 50;

/**
 * Runs the migrations that are missing and returns their names. Safe when many replicas start at once: one runs
 * them, under a lock of the database, and the others find nothing left to do.
 */
export async function runMigrations(dataSource: DataSource): Promise<string[]> {
  const runner = dataSource.createQueryRunner('master');
  try {
    return dataSource.options.type === 'better-sqlite3'
      ? await underWriteLock(dataSource, runner)
      : await underNamedLock(dataSource, runner);
  } finally {
    await runner.release();
  }
}

/** The names of migrations that the database has not seen. */
export async function pendingMigrations(dataSource: DataSource): Promise<string[]> {
  const runner = dataSource.createQueryRunner('master');
  try {
    const pending = await new MigrationExecutor(dataSource, runner).getPendingMigrations();
    return pending.map(({ name }) => name);
  } finally {
    await runner.release();
  }
}

async function execute(dataSource: DataSource, runner: QueryRunner): Promise<string[]> {
  const executor = new MigrationExecutor(dataSource, runner);
  executor.transaction = 'none';
  return (await executor.executePendingMigrations()).map(({ name }) => name);
}

async function underWriteLock(dataSource: DataSource, runner: QueryRunner): Promise<string[]> {
  for (let attempt = 1; ; attempt++) {
    try {
      await runner.startTransaction();
      break;
    } catch (error) {
      if (!isConflict(error) || attempt === MAX_ATTEMPTS) throw error;
      await sleep(100 * Math.random());
    }
  }
  const executed = await execute(dataSource, runner);
  await runner.commitTransaction();
  return executed;
}

async function underNamedLock(dataSource: DataSource, runner: QueryRunner): Promise<string[]> {
  const lock = "CONCAT(DATABASE(), '.migrations')";
  const rows: unknown = await runner.query(`SELECT GET_LOCK(${lock}, ${LOCK_TIMEOUT_SECONDS}) AS granted`);
  if (!JSON.stringify(rows).includes('1'))
    throw new Error('Another replica has been migrating for too long.');
  try {
    return await execute(dataSource, runner);
  } finally {
    await runner.query(`SELECT RELEASE_LOCK(${lock})`);
  }
}
