import type { DataSource } from 'typeorm';

/** How many connections of the pool are used and free, and how many callers wait; empty for SQLite, which has no pool. */
export function poolStates({ driver }: DataSource): Record<string, number> {
  const pool = 'pool' in driver ? driver.pool : undefined;
  const all = sizeOf(pool, '_allConnections');
  if (all === undefined) return {};
  const free = sizeOf(pool, '_freeConnections') ?? 0;
  return { used: all - free, free, waiting: sizeOf(pool, '_connectionQueue') ?? 0 };
}

/** mysql2 counts its connections only in fields that its types do not name. */
function sizeOf(pool: unknown, queue: string): number | undefined {
  if (typeof pool !== 'object' || pool === null || !(queue in pool)) return undefined;
  const value: unknown = Object.getOwnPropertyDescriptor(pool, queue)?.value;
  return typeof value === 'object' && value !== null && 'length' in value && typeof value.length === 'number'
    ? value.length
    : undefined;
}
