import type { DataSource } from 'typeorm';
import { FailoverPool } from './failover-driver.js';

/** How many connections of the pool are used and free, and how many callers wait; empty for SQLite, which has no pool. */
export function poolStates({ driver }: DataSource): Record<string, number> {
  const pool: unknown = 'pool' in driver ? driver.pool : undefined;
  return pool instanceof FailoverPool ? pool.states() : {};
}
