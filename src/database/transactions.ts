import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { Unavailable } from '../common/errors/domain-error.js';
import { isConflict } from './database-errors.js';
import { databaseFailure, SqlSession } from './sql-session.js';

const MAX_ATTEMPTS = 8;
const MAX_PAUSE_MS = 500;

/** An open transaction. It can only be handed on to repositories; nothing else can be done with it. */
export class Transaction {
  readonly #session: SqlSession;

  constructor(session: SqlSession) {
    this.#session = session;
  }

  /** For repositories in `database/` only. */
  static sessionOf(transaction: Transaction): SqlSession {
    return transaction.#session;
  }
}

@Injectable()
export class Transactions {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /**
   * Runs `work` in one transaction and commits it; an error rolls back everything. Work that lost against another
   * transaction (deadlock, lock time-out, snapshot conflict) is run again from its start, so it must do nothing
   * but database work. Throws Unavailable when it keeps losing or the database cannot be reached.
   */
  async run<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#once(work);
      } catch (error) {
        if (!isConflict(error)) throw error;
        if (attempt === MAX_ATTEMPTS) throw new Unavailable('Too many writes meet at one place.', error);
      }
      await sleep(Math.random() * Math.min(MAX_PAUSE_MS, 10 * 2 ** attempt));
    }
  }

  async #once<T>(work: (transaction: Transaction) => Promise<T>): Promise<T> {
    const runner = this.dataSource.createQueryRunner('master');
    try {
      try {
        await runner.startTransaction();
        const result = await work(new Transaction(new SqlSession(runner)));
        await runner.commitTransaction();
        return result;
      } catch (error) {
        // A connection that broke has rolled back already, and saying so must not hide why.
        if (runner.isTransactionActive) await runner.rollbackTransaction().catch(() => undefined);
        throw databaseFailure(error);
      }
    } finally {
      await runner.release();
    }
  }
}
