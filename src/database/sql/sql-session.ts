import { AsyncLocalStorage } from 'node:async_hooks';
import type { QueryRunner } from 'typeorm';
import { Unavailable } from '../../common/errors/domain-error.js';
import { sendsTogether } from '../engines/data-source.js';
import { meaningOf } from '../engines/database-errors.js';
import { leaveHost } from '../engines/failover-driver.js';

const STATEMENT_TIMEOUT_MS = 15_000;
/** Text that may be queued; together with the next statement it is far below `max_allowed_packet`. */
const MAX_QUEUED_SIZE = 2 * 1024 * 1024;
const BEGIN = 'START TRANSACTION';

export type Row = Record<string, unknown>;

/** TypeORM's QueryResult. Of several statements at once it has only `raw`, with an outcome of mysql2 for each. */
interface Result {
  raw: (Row[] | { affectedRows: number })[];
  records?: Row[];
  affected?: number | null;
}

interface Outcome {
  rows: Row[];
  affected: number;
}

interface Statement {
  sql: string;
  parameters: readonly unknown[];
}

/** A statement, and whoever waits for its outcome. */
interface PendingStatement extends Statement {
  resolve: (outcome: Outcome) => void;
  reject: (error: unknown) => void;
  inContext: InContext;
}

type InContext = <T>(work: () => T) => T;
/** What asks first is sent in its own context anyway. */
const inThisContext: InContext = (work) => work();

/**
 * Runs statements on one query runner. What the driver throws becomes Unavailable where it is the database's state.
 * A server may be sent several statements at once: those that are asked for at the same time (`Promise.all`), and in
 * front of them those whose outcome nobody waits for (see `enqueue`).
 */
export class SqlSession {
  readonly #sendsTogether: boolean;
  #pending: PendingStatement[] = [];
  #queued: Statement[] = [];
  #queuedSize = 0;
  #inTransaction = false;

  constructor(private readonly runner: QueryRunner) {
    this.#sendsTogether = sendsTogether(runner.dataSource);
  }

  async rows(sql: string, parameters: readonly unknown[]): Promise<Row[]> {
    return (await this.#send(sql, parameters)).rows;
  }

  /** How many rows the statement's WHERE matched. */
  async affected(sql: string, parameters: readonly unknown[]): Promise<number> {
    return (await this.#send(sql, parameters)).affected;
  }

  /**
   * A statement whose outcome matters only if it fails. Where several may be sent at once it goes together with
   * the next one, which then fails in its place; that saves a round trip.
   */
  async enqueue(sql: string, parameters: readonly unknown[]): Promise<void> {
    if (!this.#sendsTogether) {
      await this.#send(sql, parameters);
      return;
    }
    const size = parameters.reduce<number>((sum, value) => sum + sizeOf(value), sql.length);
    if (this.#queuedSize + size > MAX_QUEUED_SIZE) await this.flush();
    this.#queued.push({ sql, parameters });
    this.#queuedSize += size;
  }

  /** Runs what is queued, so that the next statement fails for itself alone. A BEGIN is no work that could fail. */
  async flush(): Promise<void> {
    if (this.#queued.some(({ sql }) => sql !== BEGIN)) await this.#run([]);
  }

  async begin(): Promise<void> {
    // On SQLite a transaction takes the write lock at once: one that reads first could not be upgraded later.
    const isSqlite = this.runner.dataSource.options.type === 'better-sqlite3';
    this.#inTransaction = true;
    await this.enqueue(isSqlite ? 'BEGIN IMMEDIATE' : BEGIN, []);
  }

  async commit(): Promise<void> {
    await this.#run([{ sql: 'COMMIT', parameters: [] }]);
    this.#inTransaction = false;
  }

  /**
   * Ends a transaction that failed, which must not hide why. A connection that cannot roll back is given up: the next
   * who gets it would be in the middle of this transaction.
   */
  async rollBack(): Promise<void> {
    if (!this.#inTransaction) return;
    this.#inTransaction = false;
    this.#queued = [];
    try {
      await bounded(this.runner, () => this.runner.query('ROLLBACK'));
    } catch {
      await giveUp(this.runner);
    }
  }

  /** The outcome of a statement, which goes with all others that are asked for before anybody waits. */
  #send(sql: string, parameters: readonly unknown[]): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      const isFirst = this.#pending.length === 0;
      if (isFirst) queueMicrotask(() => void this.#sendPending());
      const inContext = isFirst || this.#sendsTogether ? inThisContext : AsyncLocalStorage.snapshot();
      this.#pending.push({ sql, parameters, resolve, reject, inContext });
    });
  }

  /**
   * What fails fails for all that was asked for with it. Where statements are sent one by one, none is sent behind one
   * that failed: a conflict has ended the transaction, and what came then would be committed by itself.
   */
  async #sendPending(): Promise<void> {
    const pending = this.#pending;
    this.#pending = [];
    const trips = this.#sendsTogether ? [pending] : pending.map((statement) => [statement]);
    try {
      for (const trip of trips) {
        // Each as whoever asked for it, not as the first of them: spans and tests tell by it who that was.
        const [first] = trip;
        const outcomes = first ? await first.inContext(() => this.#run(trip)) : [];
        trip.forEach(({ resolve }, index) => resolve(outcomes[index] ?? NOTHING));
      }
    } catch (error) {
      for (const { reject } of pending) reject(error);
    }
  }

  /** Runs what is queued, and then these statements; returns the outcomes of these. */
  async #run(asked: readonly Statement[]): Promise<Outcome[]> {
    const statements = [...this.#queued, ...asked];
    this.#queued = [];
    this.#queuedSize = 0;
    const text = statements.map(({ sql }) => sql).join('; ');
    const bound = statements.flatMap(({ parameters }) => parameters);
    try {
      const result: Result = await bounded(this.runner, () => this.runner.query(text, bound, true));
      const outcomes = statements.length > 1 ? result.raw.map(outcomeOfOne) : [outcomeOf(result)];
      return outcomes.slice(statements.length - asked.length);
    } catch (error) {
      throw databaseFailure(this.runner, error);
    }
  }
}

const NOTHING: Outcome = { rows: [], affected: 0 };

const outcomeOf = ({ records = [], affected }: Result): Outcome => ({
  rows: records,
  affected: affected ?? 0,
});

const outcomeOfOne = (raw: Result['raw'][number]): Outcome =>
  Array.isArray(raw) ? { rows: raw, affected: 0 } : { rows: [], affected: raw.affectedRows };

/** About how many characters a parameter has in the text of a statement. */
export const sizeOf = (value: unknown): number =>
  typeof value === 'string' || Buffer.isBuffer(value) ? value.length : 8;

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
    outOfTime.reject(
      new DatabaseUnavailable('The database did not answer in time.', { again: false, mayBeDone: true }),
    );
    void giveUp(runner);
  }, timeoutMs);
  try {
    return await Promise.race([work(), outOfTime.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Closes the connection of a runner, whatever it does. */
async function giveUp(runner: QueryRunner): Promise<void> {
  const connection: unknown = await runner.connect().catch(() => undefined); // there may be none
  if (isDestroyable(connection)) connection.destroy();
}

const isDestroyable = (connection: unknown): connection is { destroy(): void } =>
  typeof connection === 'object' &&
  connection !== null &&
  'destroy' in connection &&
  typeof connection.destroy === 'function';

/** The database is not there, or cannot do its work now. */
export class DatabaseUnavailable extends Unavailable {
  /** Whether it is worth to run the work again at once, on another connection. */
  readonly again: boolean;
  /** Whether what was sent last may have been carried out all the same. */
  readonly mayBeDone: boolean;

  constructor(
    detail: string,
    { again, mayBeDone, cause }: { again: boolean; mayBeDone: boolean; cause?: unknown },
  ) {
    super(detail, cause);
    this.again = again;
    this.mayBeDone = mayBeDone;
  }
}

/**
 * What to throw for what a driver threw: the database's state is DatabaseUnavailable, a conflict and all else stays
 * what it is. A server that takes no writes is left.
 */
export function databaseFailure(runner: QueryRunner, cause: unknown): unknown {
  const meaning = meaningOf(cause);
  if (!meaning || meaning.kind === 'conflict') return cause;
  const { kind, mayBeDone } = meaning;
  if (kind === 'readOnly') void leaveHost(runner);
  return kind === 'unable'
    ? new DatabaseUnavailable('The database cannot do its work now.', { again: false, mayBeDone, cause })
    : new DatabaseUnavailable(DETAILS[kind], { again: true, mayBeDone, cause });
}

const DETAILS = {
  lost: 'The database cannot be reached.',
  full: 'The database takes no more connections now.',
  readOnly: 'The database takes no writes now.',
};
