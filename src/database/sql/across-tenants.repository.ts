import type { DataSource, EntityManager } from 'typeorm';
import { onOwnConnection } from './own-connection.js';
import { bounded, databaseFailure, type Row } from './sql-session.js';
import { Transaction } from './transactions.js';

/**
 * The one door past tenants, for work of the service itself, which serves all of them at once. Its subclasses are the
 * list of what looks across tenants; what they find is worked on in a scope again.
 */
export abstract class AcrossTenantsRepository {
  readonly #dataSource: DataSource;

  constructor(dataSource: DataSource) {
    this.#dataSource = dataSource;
  }

  /** Reads in bounded time, on a connection of its own. */
  protected look<T>(read: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.#bounded('slave', read);
  }

  /** Writes in bounded time, on a connection of its own and without a transaction: it may be done more than once. */
  protected write<T>(write: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.#bounded('master', write);
  }

  /** For command lines: what counts all rows takes as long as there are rows. */
  protected get unbounded(): EntityManager {
    return this.#dataSource.manager;
  }

  protected rowsIn(transaction: Transaction, sql: string, parameters: readonly unknown[]): Promise<Row[]> {
    return Transaction.sessionOf(transaction).rows(sql, parameters);
  }

  /** How many rows the statement's WHERE matched. */
  protected affectedIn(
    transaction: Transaction,
    sql: string,
    parameters: readonly unknown[],
  ): Promise<number> {
    return Transaction.sessionOf(transaction).affected(sql, parameters);
  }

  /** A statement whose outcome matters only if it fails: it goes with the next one, which then fails in its place. */
  protected laterIn(transaction: Transaction, sql: string, parameters: readonly unknown[]): Promise<void> {
    return Transaction.sessionOf(transaction).enqueue(sql, parameters);
  }

  protected get isSqlite(): boolean {
    return this.#dataSource.options.type === 'better-sqlite3';
  }

  #bounded<T>(mode: 'slave' | 'master', work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return onOwnConnection(null, this.#dataSource, mode, async (runner) => {
      try {
        return await bounded(runner, () => work(runner.manager));
      } catch (error) {
        throw databaseFailure(runner, error);
      }
    });
  }
}
