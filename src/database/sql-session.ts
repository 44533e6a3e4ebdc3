import type { QueryRunner } from 'typeorm';
import { Unavailable } from '../common/errors/domain-error.js';
import { isConflict, isConnectionLost, isUnable } from './database-errors.js';

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
      return await this.runner.query(sql, [...parameters], true);
    } catch (error) {
      throw databaseFailure(error);
    }
  }
}

/** The connection to the database broke; what was sent last may or may not have been carried out. */
export class ConnectionLost extends Unavailable {}

/** What to throw for what a driver threw: the database's state is Unavailable, all else stays what it is. */
export function databaseFailure(error: unknown): unknown {
  if (isConflict(error)) return error;
  if (isUnable(error)) return new Unavailable('The database cannot do its work now.', error);
  if (isConnectionLost(error)) return new ConnectionLost('The database cannot be reached.', error);
  return error;
}
