import type { QueryRunner } from 'typeorm';
import { Unavailable } from '../common/errors/domain-error.js';
import { isConflict, isUnavailable } from './database-errors.js';

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

/** What to throw for what a driver threw: the database's state is Unavailable, all else stays what it is. */
export function databaseFailure(error: unknown): unknown {
  return !isConflict(error) && isUnavailable(error)
    ? new Unavailable('The database cannot be reached.', error)
    : error;
}
