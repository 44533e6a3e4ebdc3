import type { DataSource } from 'typeorm';
import { MysqlDriver } from 'typeorm/driver/mysql/MysqlDriver.js';
import { Unavailable } from '../../common/errors/domain-error.js';

const POOL_TIMEOUT_MS = 10_000;

/**
 * mysql2 lets a caller wait for a connection of the pool for ever, also when all of them are lost to work that does
 * not end. Here the wait ends with Unavailable; a connection that comes too late goes back to the pool.
 */
export function boundPoolWait(dataSource: DataSource): void {
  const { driver } = dataSource;
  if (!(driver instanceof MysqlDriver)) throw new TypeError('boundPoolWait needs a MySQL data source');
  const obtain: () => Promise<PoolConnection> = driver.obtainMasterConnection.bind(driver);
  driver.obtainMasterConnection = () => {
    return new Promise<PoolConnection>((resolve, reject) => {
      let timedOut = false;
      const timer = setTimeout(() => {
        timedOut = true;
        reject(new Unavailable('All connections to the database stayed busy.'));
      }, POOL_TIMEOUT_MS);
      obtain()
        .then((connection) => (timedOut ? connection.release() : resolve(connection)), reject)
        .finally(() => clearTimeout(timer));
    });
  };
}

interface PoolConnection {
  release(): void;
}
