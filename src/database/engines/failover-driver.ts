import mysql, { type ConnectionOptions, type Pool, type PoolConnection, type PoolOptions } from 'mysql2';
import type { DataSource, QueryRunner } from 'typeorm';
import { atMostEvery } from '../../common/at-most-every.js';
import type { MysqlConfig } from '../../config/app-config.js';
import { meaningOf } from './database-errors.js';
import type { DatabaseTls } from './database-tls.js';
import { HostProbe } from './host-probe.js';

const CONNECT_TIMEOUT_MS = 5_000;
/** Callers that may wait for a connection of the pool; further ones are refused at once. */
const MAX_WAITING_PER_CONNECTION = 100;
const PROBE_INTERVAL_MS = 1_000;
/** How long a pool keeps to what the server has allowed, before it tries to have more again. */
const FULL_FOR_MS = 5_000;
/** A writer that waits longer for a row is run again from its start. */
const LOCK_WAIT_SECONDS = 5;
/** Who waits for a table as a whole, as an ALTER does, has all others wait behind it; servers allow a day or a year. */
const TABLE_WAIT_SECONDS = 2;

/**
 * What each connection begins with, whatever the server's own defaults are. Without a strict mode a server cuts off
 * what is too long; with NO_BACKSLASH_ESCAPES it would read parameters other than the driver writes them; without
 * autocommit reads would go on seeing what was there when their connection was opened. A table whose engine is not
 * named, TypeORM's list of migrations, might be in one without transactions.
 */
const SETTINGS = `autocommit = 1, completion_type = 0, default_storage_engine = InnoDB,
  innodb_lock_wait_timeout = ${LOCK_WAIT_SECONDS}, lock_wait_timeout = ${TABLE_WAIT_SECONDS},
  sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'`;
const ISOLATION = 'SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ';
export const SESSION = {
  mysql: [ISOLATION, `SET SESSION ${SETTINGS}`],
  // A node of a Galera cluster otherwise answers reads before it has applied what another node has committed.
  mariadb: [ISOLATION, `SET SESSION ${SETTINGS}, wsrep_sync_wait = 1`],
};

type Host = MysqlConfig['hosts'][number];
type ConnectionCallback = (error: NodeJS.ErrnoException | null, connection?: PoolConnection) => void;

/** How a connection to one of the configured hosts is opened. */
export const connectionOptions = (
  { user, password, database }: MysqlConfig,
  { host, port }: Host,
  tls: DatabaseTls | undefined,
): ConnectionOptions => ({
  host,
  port,
  user,
  password,
  database,
  charset: 'utf8mb4',
  connectTimeout: CONNECT_TIMEOUT_MS,
  ...tls?.optionsFor({ host, port }),
});

/**
 * What TypeORM takes for the module `mysql2`: its pool gives connections to the first of the configured hosts that
 * takes writes. A host that does not may answer all the same: a node of a cluster that has lost its quorum, or the
 * former writer after a fail-over. So hosts are asked, and left for the next one until they say they are ready again.
 */
export class FailoverDriver {
  constructor(
    private readonly config: MysqlConfig,
    private readonly type: 'mariadb' | 'mysql',
    private readonly tls: DatabaseTls | undefined,
  ) {}

  createPool(options: PoolOptions): FailoverPool {
    return new FailoverPool(this.config, SESSION[this.type], this.tls, options);
  }
}

interface PooledHost {
  readonly name: string;
  readonly pool: Pool;
  /** Connections that it may have. */
  readonly size: number;
  readonly probe: HostProbe;
  /** Why it is not to be used; undefined when it takes writes. */
  fault: string | undefined;
}

class FailoverPool {
  readonly #hosts: readonly PooledHost[];
  /** For each connection, how its host is left. */
  readonly #leaving = new WeakMap<object, () => void>();
  readonly #probing: NodeJS.Timeout | undefined;
  /** Why no host takes writes; undefined when one does. Asks them at most once a second, whoever wants to know. */
  readonly fault = atMostEvery(PROBE_INTERVAL_MS, () => this.#probeAll());

  constructor(
    config: MysqlConfig,
    session: readonly string[],
    private readonly tls: DatabaseTls | undefined,
    options: PoolOptions,
  ) {
    this.#hosts = config.hosts.map((address) => {
      const ownOptions = connectionOptions(config, address, tls);
      const pool = mysql.createPool({
        ...options,
        ...ownOptions,
        waitForConnections: true,
        queueLimit: config.poolSize * MAX_WAITING_PER_CONNECTION,
        enableKeepAlive: true,
        // A stack trace for each statement, in case it fails, costs more than the statement's own work here.
        trace: false,
      });
      const host: PooledHost = {
        name: `${address.host}:${address.port}`,
        pool,
        size: config.poolSize,
        probe: new HostProbe(ownOptions),
        fault: undefined,
      };
      pool.on('connection', (connection) => {
        this.#leaving.set(connection, () => {
          host.fault = 'it has refused a write';
          connection.destroy();
        });
        // TypeORM asks for it with each statement, and mysql2 would make a new one, with listeners, each time.
        const withPromises = connection.promise();
        connection.promise = () => withPromises;
        for (const statement of session) {
          // Without a callback mysql2 throws what the server answers, past everybody.
          connection.query(statement, (error) => {
            if (error) connection.destroy();
          });
        }
      });
      return host;
    });
    if (this.#hosts.length > 1) {
      this.#probing = setInterval(() => void this.fault(), PROBE_INTERVAL_MS).unref();
    }
  }

  getConnection(done: ConnectionCallback): void {
    this.tls?.refresh();
    const inOrder = [
      ...this.#hosts.filter(({ fault }) => fault === undefined),
      ...this.#hosts.filter(({ fault }) => fault !== undefined),
    ];
    const tryNext = (index: number, failure: NodeJS.ErrnoException | null): void => {
      const host = inOrder[index];
      if (!host) return done(failure);
      host.pool.getConnection((error, connection) => {
        if (!error) return done(null, connection);
        // A full queue is no reason to burden the next host as well.
        if (isQueueFull(error)) return done(error);
        if (meaningOf(error)?.kind === 'full' && limitToOpen(host)) return tryNext(index, error);
        host.fault = error.message;
        tryNext(index + 1, error);
      });
    };
    tryNext(0, null);
  }

  /** Closes a connection whose server has refused a write, and prefers other hosts until this one takes writes. */
  leave(connection: object): void {
    this.#leaving.get(connection)?.();
  }

  end(done: (error?: unknown) => void): void {
    clearInterval(this.#probing);
    for (const { probe } of this.#hosts) probe.close();
    Promise.all(this.#hosts.map(({ pool }) => pool.promise().end())).then(() => done(), done);
  }

  /** How many connections are used and free, and how many callers wait, over all hosts. */
  states(): { used: number; free: number; waiting: number } {
    const sum = (field: string) => this.#hosts.reduce((total, { pool }) => total + sizeOf(pool, field), 0);
    const free = sum('_freeConnections');
    return { used: sum('_allConnections') - free, free, waiting: sum('_connectionQueue') };
  }

  async #probeAll(): Promise<string | undefined> {
    this.tls?.refresh();
    const faults = await Promise.all(
      this.#hosts.map(async (host) => {
        host.fault = await host.probe.fault();
        return host.fault === undefined ? undefined : `${host.name}: ${host.fault}`;
      }),
    );
    return faults.every((fault) => fault !== undefined) ? faults.join('; ') : undefined;
  }
}

/** The pool of a data source that is open; undefined for SQLite, which has none. */
export function poolOf({ driver }: DataSource): FailoverPool | undefined {
  const pool: unknown = 'pool' in driver ? driver.pool : undefined;
  return pool instanceof FailoverPool ? pool : undefined;
}

/** A server that takes no writes is left by whoever runs on it. */
export async function leaveHost(runner: QueryRunner): Promise<void> {
  const connection: unknown = await runner.connect().catch(() => undefined); // there may be none
  if (typeof connection === 'object' && connection !== null) poolOf(runner.dataSource)?.leave(connection);
}

const isQueueFull = ({ message }: Error): boolean => message === 'Queue limit reached.';

/**
 * Where the server allows fewer connections than the pool wants: for a while those that are open are all there are,
 * so that callers wait for one of them. False when none is open.
 */
function limitToOpen({ pool, size }: PooledHost): boolean {
  const open = sizeOf(pool, '_allConnections');
  if (open === 0) return false;
  pool.config.connectionLimit = Math.min(open, size);
  setTimeout(() => (pool.config.connectionLimit = size), FULL_FOR_MS).unref();
  return true;
}

/** mysql2 counts its connections only in fields that its types do not name. */
function sizeOf(pool: Pool, field: string): number {
  const queue: unknown = Object.getOwnPropertyDescriptor(pool, field)?.value;
  return typeof queue === 'object' && queue !== null && 'length' in queue && typeof queue.length === 'number'
    ? queue.length
    : 0;
}
