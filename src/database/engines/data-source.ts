import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { type ConnectionOptions, createConnection, type RowDataPacket } from 'mysql2/promise';
import type Sqlite from 'better-sqlite3';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { Unavailable } from '../../common/errors/domain-error.js';
import type { DatabaseConfig, MysqlConfig } from '../../config/app-config.js';
import { DatabaseTls } from './database-tls.js';
import { connectionOptions, FailoverDriver, poolOf, SESSION } from './failover-driver.js';
import { InitialSchema1768000000000 } from '../migrations/1768000000000-initial-schema.js';
import { Events1769400000000 } from '../migrations/1769400000000-events.js';
import { JobLeases1769200000000 } from '../migrations/1769200000000-job-leases.js';
import { ExternalIds1769100000000 } from '../migrations/1769100000000-external-ids.js';
import { DoneRequests1769000000000 } from '../migrations/1769000000000-done-requests.js';
import { LargestMessage1769500000000 } from '../migrations/1769500000000-largest-message.js';
import { Webhooks1769600000000 } from '../migrations/1769600000000-webhooks.js';
import { DueWebhooks1769700000000 } from '../migrations/1769700000000-due-webhooks.js';
import { SecondEdition1769300000000 } from '../migrations/1769300000000-second-edition.js';
import { SnakeCaseNaming } from '../schema/naming.js';
import { boundPoolWait } from './pool-wait.js';
import { leaseSqlite } from './sqlite-lease.js';

const MIGRATIONS = [
  InitialSchema1768000000000,
  DoneRequests1769000000000,
  ExternalIds1769100000000,
  JobLeases1769200000000,
  SecondEdition1769300000000,
  Events1769400000000,
  LargestMessage1769500000000,
  Webhooks1769600000000,
  DueWebhooks1769700000000,
];
/** While the file is opened; later nothing waits for a lock with the whole process. */
const SQLITE_OPEN_TIMEOUT_MS = 10_000;

/** TypeORM's options for the configured database; asks a MySQL server which one it is. */
export async function dataSourceOptions(config: DatabaseConfig): Promise<DataSourceOptions> {
  const common = { migrations: MIGRATIONS, namingStrategy: new SnakeCaseNaming(), synchronize: false };
  if (config.engine === 'sqlite') {
    if (config.path !== ':memory:') makePrivate(config.path);
    return {
      ...common,
      type: 'better-sqlite3',
      database: config.path,
      enableWAL: config.path !== ':memory:',
      timeout: SQLITE_OPEN_TIMEOUT_MS,
      statementCacheSize: 0,
      prepareDatabase: (database: Sqlite.Database) => {
        // In WAL mode only FULL makes a commit survive a power cut.
        database.pragma('synchronous = FULL');
        // What is deleted is overwritten.
        database.pragma('secure_delete = ON');
      },
    };
  }
  const tls = config.tls && new DatabaseTls(config.tls);
  const { type, isCluster } = await serverOf(config, tls);
  return {
    ...common,
    type,
    driver: new FailoverDriver(config, type, tls),
    poolSize: config.poolSize,
    timezone: 'Z',
    extra: { multipleStatements: !isCluster },
    supportBigNumbers: true,
    bigNumberStrings: false,
  };
}

/** What is new is for this user alone; SQLite gives the files beside the database the same mode. */
function makePrivate(path: string): void {
  makeFolder(dirname(path));
  closeSync(openSync(path, 'a', 0o600));
}

/** `mkdirSync` with `recursive` never ends where a folder can hold none and says ENOENT, as /proc does. */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  mkdirSync(path, { mode: 0o700 });
}

/** Connects; throws when the database cannot be reached. */
export async function openDataSource(options: DataSourceOptions): Promise<DataSource> {
  const dataSource = new DataSource(options);
  if (options.type === 'better-sqlite3') leaseSqlite(dataSource);
  else boundPoolWait(dataSource, 'poolSize' in options ? (options.poolSize ?? 1) : 1);
  await dataSource.initialize();
  // Migrations are run where writes are taken, which only the servers know.
  await poolOf(dataSource)?.fault();
  return dataSource;
}

/**
 * Whether several statements may be sent at once. Not to a node of a Galera cluster: where another node's write aborts
 * a transaction in the middle of a text, the COMMIT at its end may be answered as done.
 */
export const sendsTogether = ({ options }: DataSource): boolean => {
  const extra: unknown = 'extra' in options ? options.extra : undefined;
  return typeof extra === 'object' && extra !== null && 'multipleStatements' in extra
    ? extra.multipleStatements === true
    : false;
};

interface Server {
  type: 'mariadb' | 'mysql';
  isCluster: boolean;
}

/** TypeORM treats MariaDB and MySQL differently, and only the server says which it is. */
async function serverOf(config: MysqlConfig, tls: DatabaseTls | undefined): Promise<Server> {
  const failures: string[] = [];
  for (const host of config.hosts) {
    try {
      return await serverAt(connectionOptions(config, host, tls));
    } catch (error) {
      failures.push(`${host.host}:${host.port}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new Unavailable(`The database cannot be used. ${failures.join('; ')}`);
}

/** Throws when connections could not be set up there: the pool would only say that they are closed. */
async function serverAt(options: ConnectionOptions): Promise<Server> {
  const connection = await createConnection(options);
  try {
    const [version] = await connection.query('SELECT VERSION() AS version');
    const [cluster] = await connection.query("SHOW GLOBAL VARIABLES LIKE 'wsrep_on'");
    const [engines] = await connection.query<RowDataPacket[]>('SHOW ENGINES');
    if (!engines.some(({ Engine, Support }) => Engine === 'InnoDB' && /YES|DEFAULT/.test(String(Support))))
      throw new Error('it has no InnoDB, the engine with transactions. Remove skip-innodb or innodb=OFF');
    const type = JSON.stringify(version).includes('MariaDB') ? 'mariadb' : 'mysql';
    for (const statement of SESSION[type]) await connection.query(statement);
    await connection.end();
    return { type, isCluster: JSON.stringify(cluster).includes('"ON"') };
  } finally {
    connection.destroy();
  }
}
