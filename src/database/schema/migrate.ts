import { setTimeout as sleep } from 'node:timers/promises';
import { type DataSource, MigrationExecutor, type QueryRunner } from 'typeorm';
import { Unavailable } from '../../common/errors/domain-error.js';
import { isConflict, isUnknownName } from '../engines/database-errors.js';

const LOCK_TIMEOUT_SECONDS = 60;
/** For as long a proxy may not have heard yet of a table or a column that is new (Vitess). */
const SCHEMA_HEARD_OF_MS = 10_000;
const ASK_AGAIN_MS = 250;
/** For as long a migration comes again to a table that others do not let go of; those behind it go on meanwhile. */
const TABLE_IN_USE_MS = 60_000;
const COME_AGAIN_MS = 2_000;

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

/** Waits until all columns of all tables can be read, also through a proxy. */
export async function untilHeardOf(dataSource: DataSource): Promise<void> {
  for (const { tableName, columns } of dataSource.entityMetadatas) {
    const names = columns.map(({ databaseName }) => databaseName).join(', ');
    await whenHeardOf(() => dataSource.query(`SELECT ${names} FROM ${tableName} LIMIT 1`));
  }
}

/** The names of migrations that the database has not seen. */
export async function pendingMigrations(dataSource: DataSource): Promise<string[]> {
  const runner = dataSource.createQueryRunner('master');
  try {
    return await namesOf(dataSource, runner);
  } finally {
    await runner.release();
  }
}

async function namesOf(dataSource: DataSource, runner: QueryRunner): Promise<string[]> {
  const pending = await new MigrationExecutor(dataSource, runner).getPendingMigrations();
  return pending.map(({ name }) => name);
}

async function execute(dataSource: DataSource, runner: QueryRunner): Promise<string[]> {
  const executor = new MigrationExecutor(dataSource, runner);
  executor.transaction = 'none';
  return (await executor.executePendingMigrations()).map(({ name }) => name);
}

/** A migration can be run again from its start. */
async function executePatiently(dataSource: DataSource, runner: QueryRunner): Promise<string[]> {
  const before = await namesOf(dataSource, runner);
  const migrate = () => whenHeardOf(() => execute(dataSource, runner));
  try {
    await untilDone(migrate, isConflict, { everyMs: COME_AGAIN_MS, forMs: TABLE_IN_USE_MS });
  } catch (error) {
    if (!isConflict(error)) throw error;
    throw new Error(
      'A migration waits for a table in which a transaction has been open for too long: SHOW PROCESSLIST names it.',
      { cause: error },
    );
  }
  return before;
}

/** Does work again while a name that it uses is not known to who stands before the database. */
const whenHeardOf = (work: () => Promise<unknown>): Promise<void> =>
  untilDone(work, isUnknownName, { everyMs: ASK_AGAIN_MS, forMs: SCHEMA_HEARD_OF_MS });

async function untilDone(
  work: () => Promise<unknown>,
  isWorthAgain: (error: unknown) => boolean,
  { everyMs, forMs }: { everyMs: number; forMs: number },
): Promise<void> {
  const deadline = Date.now() + forMs;
  for (;;) {
    try {
      await work();
      return;
    } catch (error) {
      if (!isWorthAgain(error) || Date.now() > deadline) throw error;
      await sleep(everyMs);
    }
  }
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
  const answers: Record<string, unknown>[] = await runner.manager.query(
    `SELECT GET_LOCK(${lock}, ${LOCK_TIMEOUT_SECONDS}) AS granted`,
  );
  // Not by its name, which Vitess forgets.
  if (!Object.values(answers[0] ?? {}).some((granted) => Number(granted) === 1))
    throw new Error('Another replica has been migrating for too long.');
  try {
    return await executePatiently(dataSource, runner);
  } finally {
    await runner.query(`SELECT RELEASE_LOCK(${lock})`);
  }
}
