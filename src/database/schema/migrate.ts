import { type DataSource, MigrationExecutor, type QueryRunner } from 'typeorm';
import { Unavailable } from '../../common/errors/domain-error.js';

const LOCK_TIMEOUT_SECONDS = 60;

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
  const deadline = Date.now() + LOCK_TIMEOUT_SECONDS * 1000;
  while (!(await begins(runner)))
    if (Date.now() > deadline) throw new Error('Another replica has been migrating for too long.');
  const executed = await execute(dataSource, runner);
  await runner.commitTransaction();
  return executed;
}

/** False when another process kept the write lock for as long as a write waits. */
async function begins(runner: QueryRunner): Promise<boolean> {
  try {
    await runner.startTransaction();
    return true;
  } catch (error) {
    if (error instanceof Unavailable) return false;
    throw error;
  }
}

async function underNamedLock(dataSource: DataSource, runner: QueryRunner): Promise<string[]> {
  // A lock's name may have 64 characters and counts on the whole server.
  const lock = "CONCAT('colloquy migrations ', LEFT(SHA2(DATABASE(), 256), 40))";
  const granted: unknown = await runner.query(`SELECT GET_LOCK(${lock}, ${LOCK_TIMEOUT_SECONDS}) AS granted`);
  if (!JSON.stringify(granted).includes('1'))
    throw new Error('Another replica has been migrating for too long.');
  try {
    return await execute(dataSource, runner);
  } finally {
    await runner.query(`SELECT RELEASE_LOCK(${lock})`);
  }
}
