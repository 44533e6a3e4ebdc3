import { setTimeout as sleep } from 'node:timers/promises';
import Sqlite from 'better-sqlite3';
import {
  type DataSource,
  QueryFailedError,
  QueryRunnerAlreadyReleasedError,
  type ReplicationMode,
} from 'typeorm';
import { BetterSqlite3Driver } from 'typeorm/driver/better-sqlite3/BetterSqlite3Driver.js';
import { BetterSqlite3QueryRunner } from 'typeorm/driver/better-sqlite3/BetterSqlite3QueryRunner.js';
import { Unavailable } from '../../common/errors/domain-error.js';

const LEASE_TIMEOUT_MS = 10_000;
/** How long a write waits for another process that writes to the same file. */
const FOREIGN_LOCK_TIMEOUT_MS = 10_000;
const MAX_PAUSE_MS = 20;
const MAX_WAITING = 1_000;
const MAX_STATEMENTS = 200;

/**
 * TypeORM gives all callers one query runner for SQLite, so that concurrent transactions end up in one BEGIN …
 * COMMIT: acknowledged rows vanish and rolled-back ones stay. Here each runner leases the one writing connection
 * from its first statement until it is released, and a runner for reading ("slave") has a WAL reader of its own.
 */
export function leaseSqlite(dataSource: DataSource): void {
  const { driver } = dataSource;
  if (!(driver instanceof BetterSqlite3Driver))
    throw new TypeError('leaseSqlite needs a better-sqlite3 data source');
  const connections = new Connections(driver);
  driver.createQueryRunner = (mode) => new LeasedQueryRunner(driver, connections, mode);
  const disconnect = driver.disconnect.bind(driver);
  driver.disconnect = () => {
    connections.closeReader();
    return disconnect();
  };
}

/** A runner for writing holds the lease of the one writer from its first statement until it is released. */
export class LeasedQueryRunner extends BetterSqlite3QueryRunner {
  #leasing: Promise<void> | undefined;
  #holdsLease = false;

  constructor(
    driver: BetterSqlite3Driver,
    private readonly connections: Connections,
    private readonly replication: ReplicationMode,
  ) {
    super(driver);
  }

  override async connect(): Promise<CachingConnection> {
    if (this.isReleased) throw new QueryRunnerAlreadyReleasedError();
    if (this.replication === 'slave' && this.connections.canRead) return this.connections.reader();
    await (this.#leasing ??= this.#lease());
    return this.connections.writer();
  }

  /** Connects first, because TypeORM would wrap a time-out of the lease into a failure of the statement. */
  override async query(
    ...[sql, ...rest]: Parameters<BetterSqlite3QueryRunner['query']>
  ): ReturnType<BetterSqlite3QueryRunner['query']> {
    const deadline = Date.now() + FOREIGN_LOCK_TIMEOUT_MS;
    const connection = await this.connect();
    // A transaction takes the write lock at once: one that reads first could not be upgraded later.
    const statement = sql === 'BEGIN TRANSACTION' ? 'BEGIN IMMEDIATE' : sql;
    for (;;) {
      try {
        return await super.query(statement, ...rest);
      } catch (error) {
        if (!isBusy(error) || connection.inTransaction) throw error;
        if (Date.now() > deadline) throw new Unavailable('Another process holds the database.', error);
      }
      await sleep(Math.random() * MAX_PAUSE_MS);
    }
  }

  /**
   * Runs a part of the open transaction. When it fails, what it has written is undone, and why it failed is returned.
   * These statements go past TypeORM, on whose way they would cost a tenth of what a part does.
   */
  async inSavepoint(part: () => Promise<void>): Promise<{ error: unknown } | undefined> {
    const { database } = await this.connect();
    let failure: { error: unknown } | undefined;
    database.exec('SAVEPOINT part');
    try {
      await part();
    } catch (error) {
      if (!database.inTransaction) throw error; // a full disk may end all of it
      failure = { error };
      database.exec('ROLLBACK TO part');
    }
    database.exec('RELEASE part');
    return failure;
  }

  override async release(): Promise<void> {
    if (this.isReleased) return;
    this.isReleased = true;
    this.#giveBack();
    await super.release();
  }

  async #lease(): Promise<void> {
    await this.connections.lease.acquire();
    this.#holdsLease = true;
    if (this.isReleased) {
      this.#giveBack();
      throw new QueryRunnerAlreadyReleasedError();
    }
  }

  /** A transaction that is still open is rolled back; the next in line must not end up in it. */
  #giveBack(): void {
    if (!this.#holdsLease) return;
    this.#holdsLease = false;
    try {
      this.connections.writer().rollBack();
    } finally {
      this.connections.lease.release();
    }
  }
}

/** Another process has the lock. SQLite could wait for it only by standing still with this whole process. */
function isBusy(error: unknown): boolean {
  const fault: unknown = error instanceof QueryFailedError ? error.driverError : undefined;
  return Error.isError(fault) && 'code' in fault && String(fault.code).startsWith('SQLITE_BUSY');
}

/** The connections of one SQLite database: the writer, and beside it a reader unless the database is in memory. */
class Connections {
  readonly lease = new Lease();
  readonly canRead: boolean;
  #writer: CachingConnection | undefined;
  #reader: CachingConnection | undefined;

  constructor(private readonly driver: BetterSqlite3Driver) {
    this.canRead = driver.options.database !== ':memory:';
  }

  writer(): CachingConnection {
    const connection: unknown = this.driver.databaseConnection;
    if (!(connection instanceof Sqlite)) throw new Unavailable('The database is not open.');
    if (this.#writer?.database !== connection) this.#writer = new CachingConnection(connection);
    return this.#writer;
  }

  reader(): CachingConnection {
    if (!this.writer().database.open) throw new Unavailable('The database is not open.');
    return (this.#reader ??= new CachingConnection(
      new Sqlite(this.driver.options.database, { readonly: true, fileMustExist: true }),
    ));
  }

  closeReader(): void {
    this.#reader?.database.close();
    this.#reader = undefined;
  }
}

/** A connection as TypeORM's query runner uses one, which prepares each statement once. */
class CachingConnection {
  readonly #statements = new Map<string, Sqlite.Statement>();

  constructor(readonly database: Sqlite.Database) {
    database.pragma('busy_timeout = 0');
  }

  get inTransaction(): boolean {
    return this.database.inTransaction;
  }

  prepare(sql: string): Sqlite.Statement {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.database.prepare(sql);
      if (this.#statements.size >= MAX_STATEMENTS) this.#statements.clear();
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  pragma(source: string): unknown {
    return this.database.pragma(source);
  }

  rollBack(): void {
    if (this.database.inTransaction) this.database.exec('ROLLBACK');
  }
}

/** First come, first served; waiting is bounded in time and number and ends with Unavailable. */
class Lease {
  #taken = false;
  readonly #waiting = new Set<() => void>();

  acquire(): Promise<void> {
    if (!this.#taken) {
      this.#taken = true;
      return Promise.resolve();
    }
    if (this.#waiting.size >= MAX_WAITING)
      return Promise.reject(new Unavailable('Too many writes are waiting.'));
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(proceed);
        reject(new Unavailable('The database stayed busy.'));
      }, LEASE_TIMEOUT_MS);
      const proceed = () => {
        clearTimeout(timer);
        resolve();
      };
      this.#waiting.add(proceed);
    });
  }

  release(): void {
    const [next] = this.#waiting;
    if (!next) {
      this.#taken = false;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
