import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { Unavailable } from '../../common/errors/domain-error.js';
import { GroupCommit } from '../../common/group-commit.js';
import type { TenantScope } from '../../identity/tenant-scope.js';
import { LeasedQueryRunner } from '../engines/sqlite-lease.js';
import { inTurn, isWorthAnotherRun, onOwnConnection } from './own-connection.js';
import { databaseFailure, DatabaseUnavailable, SqlSession } from './sql-session.js';

const MAX_ATTEMPTS = 8;
const FIRST_PAUSE_MS = 10;
const MAX_PAUSE_MS = 1_000;
/** After it no further attempt is begun: a client is not to wait longer for what may not come back. */
const ATTEMPTS_MS = 10_000;
/** On SQLite, writes of all tenants go together: one of each in turn. */
const GROUP_LIMITS = {
  maxItems: 100,
  maxSize: 4 * 1024 * 1024,
  maxWaiting: 1_000,
  maxWaitMs: 10_000,
  sizeOf: ({ bytes }: Attempt) => bytes,
  lineOf: ({ scope }: Attempt) => scope?.tenantId ?? '',
};

/** An open transaction, or reads that go together. It can only be handed on to repositories; nothing else can be done with it. */
export class Transaction {
  readonly #session: SqlSession;
  readonly #whenCommitted: (() => void)[] = [];

  constructor(session: SqlSession) {
    this.#session = session;
  }

  /** Calls back when this is committed; not when it is only in doubt. */
  afterCommit(done: () => void): void {
    this.#whenCommitted.push(done);
  }

  /** For Transactions only. */
  static committed(transaction: Transaction): void {
    for (const done of transaction.#whenCommitted) done();
  }

  /** For repositories in `database/` only. */
  static sessionOf(transaction: Transaction): SqlSession {
    return transaction.#session;
  }
}

/** Reads on a connection of its own, outside of a transaction. */
export const reading = <T>(
  scope: TenantScope | null,
  dataSource: DataSource,
  read: (session: SqlSession) => Promise<T>,
): Promise<T> => onOwnConnection(scope, dataSource, 'slave', (runner) => read(new SqlSession(runner)));

/** Thrown where work in doubt finds its row changed by others since: what it did cannot be seen any more. */
export class OutcomeUnknown extends Unavailable {
  constructor() {
    super('Others have changed it since.');
  }
}

/** What is done in a transaction: nothing but database work, because it may be run more than once. */
export type Work<T> = (transaction: Transaction) => Promise<T>;

/**
 * How work is recognised as done: asked first when an earlier run may have been committed, its answer having been
 * lost. It looks behind the lock of the row that the work changes, and gives what the work gave; undefined when there
 * is nothing of it.
 */
export type AlreadyDone<T> = (transaction: Transaction) => Promise<T | undefined>;

/** One run of a work. */
interface Attempt {
  /** Null: the service itself. */
  scope: TenantScope | null;
  /** About how much it writes. */
  bytes: number;
  run: (transaction: Transaction) => Promise<void>;
  /** It may be committed, even if no answer comes. */
  committing: boolean;
  /** Why it alone was undone, where others were committed with it. */
  failure?: { error: unknown };
}

@Injectable()
export class Transactions {
  /** SQLite has one writer, and what a small write costs there is its commit: those that wait go together. */
  readonly #groups: GroupCommit<Attempt, Attempt> | undefined;

  constructor(@InjectDataSource() private readonly dataSource: DataSource) {
    if (dataSource.options.type === 'better-sqlite3')
      this.#groups = new GroupCommit(
        (attempts) => this.#runTogether(attempts),
        () => true,
        GROUP_LIMITS,
      );
  }

  /**
   * Runs `work` in one transaction and commits it; an error rolls back everything. Work that lost against another
   * transaction (deadlock, lock time-out, snapshot conflict) or whose connection broke is run again from its start.
   * Tenants take turns at connections, and at SQLite's writer; work without a scope is the service's own. Throws Unavailable when that does not help.
   */
  async run<T>(
    scope: TenantScope | null,
    work: Work<T>,
    { alreadyDone, bytes = scope?.request.bytes ?? 0 }: { alreadyDone?: AlreadyDone<T>; bytes?: number } = {},
  ): Promise<T> {
    const deadline = Date.now() + ATTEMPTS_MS;
    let inDoubt = false;
    for (let attempt = 1; ; attempt++) {
      const result = Promise.withResolvers<T>();
      const current: Attempt = {
        scope,
        bytes,
        run: async (transaction) => {
          const done = inDoubt ? await alreadyDone?.(transaction) : undefined;
          result.resolve(done ?? (await work(transaction)));
        },
        committing: false,
      };
      try {
        await (this.#groups?.submit('', current) ?? this.#runTogether([current]));
        if (current.failure) throw current.failure.error;
        return await result.promise;
      } catch (error) {
        inDoubt ||= current.committing && error instanceof DatabaseUnavailable && error.mayBeDone;
        const mayRunAgain = attempt < MAX_ATTEMPTS && Date.now() < deadline;
        if (isWorthAnotherRun(error) && mayRunAgain) await pause(attempt);
        else throw isWorthAnotherRun(error) || error instanceof Unavailable ? failure(error, inDoubt) : error;
      }
    }
  }

  /**
   * For reads that do not depend on each other: what is asked for at the same time (`Promise.all`) is sent in one
   * round trip. There is no common snapshot: a later statement may see more than an earlier one.
   */
  readTogether<T>(scope: TenantScope | null, read: (reads: Transaction) => Promise<T>): Promise<T> {
    return reading(scope, this.dataSource, (session) => read(new Transaction(session)));
  }

  /** Runs all of them in one transaction. Where there are several, one that fails is undone alone. */
  #runTogether(attempts: readonly Attempt[]): Promise<readonly Attempt[]> {
    return inTurn(attempts[0]?.scope ?? null, this.dataSource, 'master', async (runner) => {
      const session = new SqlSession(runner);
      const transaction = new Transaction(session);
      try {
        await session.begin();
        for (const attempt of attempts)
          if (attempts.length > 1 && runner instanceof LeasedQueryRunner)
            attempt.failure = await runner.inSavepoint(() => attempt.run(transaction));
          else await attempt.run(transaction);
        for (const attempt of attempts) attempt.committing = !attempt.failure;
        await session.commit();
        Transaction.committed(transaction);
        return attempts;
      } catch (error) {
        await session.rollBack();
        throw databaseFailure(runner, error);
      }
    });
  }
}

const pause = (attempt: number): Promise<void> =>
  sleep(Math.random() * Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempt));

function failure(error: unknown, inDoubt: boolean): Unavailable {
  if (inDoubt) {
    const detail = 'It is not known whether this was done: look, or repeat it with the same Idempotency-Key.';
    return new Unavailable(detail, error);
  }
  return error instanceof Unavailable ? error : new Unavailable('Too many writes meet at one place.', error);
}
