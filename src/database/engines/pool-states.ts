import type { DataSource } from 'typeorm';
import { poolOf } from './failover-driver.js';
import { waitingForTurn } from './pool-wait.js';

/** How many connections of the pool are used and free, and how many callers wait; empty for SQLite, which has no pool. */
export function poolStates(dataSource: DataSource): Record<string, number> {
  const states = poolOf(dataSource)?.states();
  return states ? { ...states, waiting: states.waiting + waitingForTurn(dataSource) } : {};
}
