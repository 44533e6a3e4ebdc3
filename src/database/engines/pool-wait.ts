import type { DataSource } from 'typeorm';
import { MysqlDriver } from 'typeorm/driver/mysql/MysqlDriver.js';
import { Unavailable } from '../../common/errors/domain-error.js';
import { Turns } from '../../common/turns.js';
import type { TenantScope } from '../../identity/tenant-scope.js';

const POOL_TIMEOUT_MS = 10_000;
const BUSY = 'All connections to the database stayed busy.';

/** Callers of one tenant that wait for a connection; further ones are refused. */
const MAX_WAITING = 500;
/** Who is waited for where work belongs to no tenant: the look-up of a key, the service's own jobs. */
const NO_TENANT = '';

const turns = new WeakMap<DataSource, Turns>();

/**
 * Waits until it is the tenant's turn to have a connection; call what it returns when the connection is given back.
 * Nothing is waited for on SQLite, whose readers share one connection and whose writers have lines of their own.
 * Throws Unavailable.
 */
export const connectionTurn = async (
  dataSource: DataSource,
  scope: TenantScope | null,
): Promise<() => void> =>
  (await turns.get(dataSource)?.take(scope?.tenantId ?? NO_TENANT)) ?? (() => undefined);

/** How many callers wait for their turn. */
export const waitingForTurn = (dataSource: DataSource): number => turns.get(dataSource)?.waiting ?? 0;

/**
 * mysql2 serves whoever comes first, and lets a caller wait for ever. Here tenants take turns at the pool's `size`
 * connections, and each wait ends with Unavailable; a connection that comes too late goes back to the pool.
 */
export function boundPoolWait(dataSource: DataSource, size: number): void {
  turns.set(
    dataSource,
    new Turns({ capacity: size, maxWaiting: MAX_WAITING, maxWaitMs: POOL_TIMEOUT_MS, detail: BUSY }),
  );
  const { driver } = dataSource;
  if (!(driver instanceof MysqlDriver)) throw new TypeError('boundPoolWait needs a MySQL data source');
  const obtain: () => Promise<PoolConnection> = driver.obtainMasterConnection.bind(driver);
  driver.obtainMasterConnection = () => {
    return new Promise<PoolConnection>((resolve, reject) => {
      let timedOut = false;
      const timer = setTimeout(() => {
        timedOut = true;
        reject(new Unavailable(BUSY));
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
