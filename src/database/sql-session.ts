import type { QueryRunner } from 'typeorm';
import { Unavailable } from '../common/errors/domain-error.js';
import { isConflict, isConnectionLost, isUnable } from './database-errors.js';

const STATEMENT_TIMEOUT_MS = 15_000;

export type Row = Record<string, unknown>;

/** Runs statements on one query runner. What the driver throws becomes Unavailable where it is the database's state. */
export class SqlSession {
  constructor(private readonly runner: QueryRunner) {}

  async rows(sql: string, parameters: readonly unknown[]): Promise<Row[]> {
    const { records }: { records: Row[] } = await this.#run(sql, parameters);
    return records;
  }

  /** How many rows the statement's WHERE matched. */
  async affected(sql: string, parameters: readonly unknown[]): Promise<number> {
    const { affected } = await this.#run(sql, parameters);
    return affected ?? 0;
  }

  async #run(sql: string, parameters: readonly unknown[]) {
    try {
      return await bounded(this.runner, () => this.runner.query(sql, [...parameters], true));
    } catch (error) {
      throw databaseFailure(error);
    }
  }
}

/**
 * Waits for what a runner does, but not for ever. When time is out the connection is given up, because a statement
 * under way cannot be called back, and Unavailable is thrown.
 */
export async function bounded<T>(
  runner: QueryRunner,
  work: () => Promise<T>,
  timeoutMs = STATEMENT_TIMEOUT_MS,
): Promise<T> {
  const outOfTime = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    outOfTime.reject(new Unavailable('The database did not answer in time.'));
    void runner.connect().then(destroy, () => undefined);
  }, timeoutMs);
  try {
    return await Promise.race([work(), outOfTime.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function destroy(connection: unknown): void {
  if (isDestroyable(connection)) connection.destroy();
}

const isDestroyable = (connection: unknown): connection is { destroy(): void } =>
  typeof connection === 'object' &&
  connection !== null &&
  'destroy' in connection &&
  typeof connection.destroy === 'function';

/** The connection to the database broke; what was sent last may or may not have been carried out. */
export class ConnectionLost extends Unavailable {}

/** What to throw for what a driver threw: the database's state is Unavailable, all else stays what it is. */
export function databaseFailure(error: unknown): unknown {
  if (isConflict(error)) return error;
  if (isUnable(error)) return new Unavailable('The database cannot do its work now.', error);
  if (isConnectionLost(error)) return new ConnectionLost('The database cannot be reached.', error);
  return error;
}
