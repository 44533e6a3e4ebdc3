import type { DataSource } from 'typeorm';
import { poolOf } from './failover-driver.js';

/** How many connections of the pool are used and free, and how many callers wait; empty for SQLite, which has no pool. */
export const poolStates = (dataSource: DataSource): Record<string, number> =>
  poolOf(dataSource)?.states() ?? {};
