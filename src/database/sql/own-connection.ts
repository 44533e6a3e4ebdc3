import type { DataSource, QueryRunner, ReplicationMode } from 'typeorm';
import { Unavailable } from '../../common/errors/domain-error.js';
import type { TenantScope } from '../../identity/tenant-scope.js';
import { connectionTurn } from '../engines/pool-wait.js';
import { isConflict } from '../engines/database-errors.js';
import { DatabaseUnavailable } from './sql-session.js';

const MAX_CONNECTIONS_TRIED = 3;

/**
 * Works on a connection of its own, outside of a transaction; for what may be done more than once. A connection that
 * turns out to be broken is replaced. So is one whose node of a cluster does not catch up with the others in time,
 * which it tells as a lock time-out, although nothing is locked. Tenants take turns; without a scope it is the turn of
 * the service itself.
 */
export async function onOwnConnection<T>(
  scope: TenantScope | null,
  dataSource: DataSource,
  mode: ReplicationMode,
  work: (runner: QueryRunner) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await inTurn(scope, dataSource, mode, work);
    } catch (error) {
      if (!isWorthAnotherRun(error)) throw error;
      if (attempt === MAX_CONNECTIONS_TRIED)
        throw isConflict(error) ? new Unavailable('The database cannot do its work now.', error) : error;
    }
  }
}

/** Works on a connection in the tenant's turn; both are given back whatever happens. */
export async function inTurn<T>(
  scope: TenantScope | null,
  dataSource: DataSource,
  mode: ReplicationMode,
  work: (runner: QueryRunner) => Promise<T>,
): Promise<T> {
  const endTurn = await connectionTurn(dataSource, scope);
  try {
    const runner = dataSource.createQueryRunner(mode);
    try {
      return await work(runner);
    } finally {
      await runner.release();
    }
  } finally {
    endTurn();
  }
}

/** It lost against others, or its connection broke. */
export const isWorthAnotherRun = (error: unknown): boolean =>
  (error instanceof DatabaseUnavailable && error.again) || isConflict(error);
