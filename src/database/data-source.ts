import { createConnection } from 'mysql2/promise';
import type Sqlite from 'better-sqlite3';
import { DataSource, type DataSourceOptions } from 'typeorm';
import type { DatabaseConfig } from '../config/app-config.js';
import { InitialSchema1768000000000 } from './migrations/1768000000000-initial-schema.js';
import { Idempotency1768100000000 } from './migrations/1768100000000-idempotency.js';
import { SnakeCaseNaming } from './naming.js';
import { boundPoolWait } from './pool-wait.js';
import { leaseSqlite } from './sqlite-lease.js';

const MIGRATIONS = [InitialSchema1768000000000, Idempotency1768100000000];
/** While the file is opened; later nothing waits for a lock with the whole process. */
const SQLITE_OPEN_TIMEOUT_MS = 10_000;
const CONNECT_TIMEOUT_MS = 5_000;
/** Callers that may wait for a connection of the pool; further ones are refused at once. */
const MAX_WAITING_PER_CONNECTION = 100;

/** TypeORM's options for the configured database; asks a MySQL server which one it is. */
export async function dataSourceOptions(config: DatabaseConfig): Promise<DataSourceOptions> {
  const common = { migrations: MIGRATIONS, namingStrategy: new SnakeCaseNaming(), synchronize: false };
  if (config.engine === 'sqlite') {
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
      },
    };
  }
  return {
    ...common,
    type: await serverType(config.url),
    url: config.url,
    charset: 'utf8mb4',
    timezone: 'Z',
    poolSize: config.poolSize,
    connectTimeout: CONNECT_TIMEOUT_MS,
    supportBigNumbers: true,
    bigNumberStrings: false,
    extra: {
      waitForConnections: true,
      queueLimit: config.poolSize * MAX_WAITING_PER_CONNECTION,
      enableKeepAlive: true,
    },
  };
}

/** Connects; throws when the database cannot be reached. */
export async function openDataSource(options: DataSourceOptions): Promise<DataSource> {
  const dataSource = new DataSource(options);
  if (options.type === 'better-sqlite3') leaseSqlite(dataSource);
  else boundPoolWait(dataSource);
  return dataSource.initialize();
}

/** TypeORM treats MariaDB and MySQL differently, and only the server says which it is. */
async function serverType(url: string): Promise<'mariadb' | 'mysql'> {
  const connection = await createConnection({ uri: url, connectTimeout: CONNECT_TIMEOUT_MS });
  try {
    const [rows] = await connection.query('SELECT VERSION() AS version');
    return JSON.stringify(rows).includes('MariaDB') ? 'mariadb' : 'mysql';
  } finally {
    await connection.end();
  }
}
