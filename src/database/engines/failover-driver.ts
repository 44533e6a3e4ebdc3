import mysql, { type ConnectionOptions, type Pool, type PoolConnection, type PoolOptions } from 'mysql2';
import type { MysqlConfig } from '../../config/app-config.js';
import type { DatabaseTls } from './database-tls.js';

const CONNECT_TIMEOUT_MS = 5_000;
/** Callers that may wait for a connection of the pool; further ones are refused at once. */
const MAX_WAITING_PER_CONNECTION = 100;
const PROBE_INTERVAL_MS = 1_000;
const PROBE_TIMEOUT_MS = 1_000;
/** A writer that waits longer for a row is run again from its start. */
const LOCK_WAIT_SECONDS = 5;

/**
 * What each connection begins with, whatever the server's own defaults are. Without a strict mode a server cuts off
 * what is too long; with NO_BACKSLASH_ESCAPES it would read parameters other than the driver writes them.
 */
const SETTINGS = `innodb_lock_wait_timeout = ${LOCK_WAIT_SECONDS},
  sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'`;
const ISOLATION = 'SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ';
const SESSION = {
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
 * works. A node of a cluster that has lost its quorum still takes connections, so hosts are asked, and left for the
 * next one until they say they are ready again.
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

export class FailoverPool {
  readonly #hosts: readonly { pool: Pool; options: ConnectionOptions; works: boolean }[];
  readonly #probing: NodeJS.Timeout | undefined;

  constructor(
    config: MysqlConfig,
    session: readonly string[],
    private readonly tls: DatabaseTls | undefined,
    options: PoolOptions,
  ) {
    this.#hosts = config.hosts.map((host) => {
      const ownOptions = connectionOptions(config, host, tls);
      const pool = mysql.createPool({
        ...options,
        ...ownOptions,
        waitForConnections: true,
        queueLimit: config.poolSize * MAX_WAITING_PER_CONNECTION,
        enableKeepAlive: true,
        // A stack trace for each statement, in case it fails, costs more than the statement's own work here.
        trace: false,
      });
      pool.on('connection', (connection) => {
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
      return { pool, options: ownOptions, works: true };
    });
    if (this.#hosts.length > 1) {
      this.#probing = setInterval(() => this.#probeAll(), PROBE_INTERVAL_MS).unref();
    }
  }

  getConnection(done: ConnectionCallback): void {
    this.tls?.refresh();
    const inOrder = [
      ...this.#hosts.filter(({ works }) => works),
      ...this.#hosts.filter(({ works }) => !works),
    ];
    const tryNext = (index: number, failure: NodeJS.ErrnoException | null): void => {
      const host = inOrder[index];
      if (!host) return done(failure);
      host.pool.getConnection((error, connection) => {
        if (!error) return done(null, connection);
        // A full queue is no reason to burden the next host as well.
        if (isQueueFull(error)) return done(error);
        host.works = false;
        tryNext(index + 1, error);
      });
    };
    tryNext(0, null);
  }

  end(done: (error?: unknown) => void): void {
    clearInterval(this.#probing);
    Promise.all(this.#hosts.map(({ pool }) => pool.promise().end())).then(() => done(), done);
  }

  /** How many connections are used and free, and how many callers wait, over all hosts. */
  states(): { used: number; free: number; waiting: number } {
    const sum = (field: string) => this.#hosts.reduce((total, { pool }) => total + sizeOf(pool, field), 0);
    const free = sum('_freeConnections');
    return { used: sum('_allConnections') - free, free, waiting: sum('_connectionQueue') };
  }

  #probeAll(): void {
    this.tls?.refresh();
    for (const host of this.#hosts) {
      void isReady(host.options).then((ready) => {
        host.works = ready;
      });
    }
  }
}

const isQueueFull = ({ message }: Error): boolean => message === 'Queue limit reached.';

/** Whether a host answers in time and, as a node of a Galera cluster, belongs to the part that may write. */
function isReady(options: ConnectionOptions): Promise<boolean> {
  const connection = mysql.createConnection({ ...options, connectTimeout: PROBE_TIMEOUT_MS });
  return new Promise<boolean>((resolve) => {
    setTimeout(() => resolve(false), PROBE_TIMEOUT_MS).unref();
    connection.on('error', () => resolve(false));
    connection.query("SHOW GLOBAL STATUS LIKE 'wsrep_ready'", (error, rows) => {
      resolve(!error && !JSON.stringify(rows).includes('OFF'));
    });
  }).finally(() => connection.destroy());
}

/** mysql2 counts its connections only in fields that its types do not name. */
function sizeOf(pool: Pool, field: string): number {
  const queue: unknown = Object.getOwnPropertyDescriptor(pool, field)?.value;
  return typeof queue === 'object' && queue !== null && 'length' in queue && typeof queue.length === 'number'
    ? queue.length
    : 0;
}
