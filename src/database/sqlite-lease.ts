import Sqlite from 'better-sqlite3';
import type { DataSource, ReplicationMode } from 'typeorm';
import { BetterSqlite3Driver } from 'typeorm/driver/better-sqlite3/BetterSqlite3Driver.js';
import { BetterSqlite3QueryRunner } from 'typeorm/driver/better-sqlite3/BetterSqlite3QueryRunner.js';
import { Unavailable } from '../common/errors/domain-error.js';

const LEASE_TIMEOUT_MS = 10_000;
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

class LeasedQueryRunner extends BetterSqlite3QueryRunner {
  #lease: Promise<void> | undefined;

  constructor(
    driver: BetterSqlite3Driver,
    private readonly connections: Connections,
    private readonly replication: ReplicationMode,
  ) {
    super(driver);
  }

  override async connect(): Promise<CachingConnection> {
    if (this.replication === 'slave' && this.connections.canRead) return this.connections.reader();
    this.#lease ??= this.connections.lease.acquire();
    try {
      await this.#lease;
    } catch (error) {
      this.#lease = undefined;
      throw error;
    }
    return this.connections.writer();
  }

  /** A transaction takes the write lock at once: one that reads first could not be upgraded later. */
  override query(
    ...[sql, ...rest]: Parameters<BetterSqlite3QueryRunner['query']>
  ): ReturnType<BetterSqlite3QueryRunner['query']> {
    return super.query(sql === 'BEGIN TRANSACTION' ? 'BEGIN IMMEDIATE' : sql, ...rest);
  }

  override async release(): Promise<void> {
    if (this.isReleased) return;
    this.isReleased = true;
    try {
      if (this.#lease) this.connections.writer().rollBack();
    } finally {
      if (this.#lease) this.connections.lease.release();
      this.#lease = undefined;
    }
    await super.release();
  }
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

  constructor(readonly database: Sqlite.Database) {}

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
