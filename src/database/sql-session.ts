import type { QueryRunner } from 'typeorm';
import { Unavailable } from '../common/errors/domain-error.js';
import { sendsTogether } from './data-source.js';
import { isConflict, isConnectionLost, isUnable } from './database-errors.js';

const STATEMENT_TIMEOUT_MS = 15_000;
/** Text that may wait to be sent along; together with the next statement it is far below `max_allowed_packet`. */
const MAX_WAITING_SIZE = 2 * 1024 * 1024;

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

/**
 * Runs statements on one query runner. What the driver throws becomes Unavailable where it is the database's state.
 * A server may be sent several statements at once where nobody waits for the outcome of the first ones (see `later`).
 */
export class SqlSession {
  readonly #sendsTogether: boolean;
  #waiting: Statement[] = [];
  #waitingSize = 0;
  #inTransaction = false;

  constructor(private readonly runner: QueryRunner) {
    this.#sendsTogether = sendsTogether(runner.dataSource);
  }

  async rows(sql: string, parameters: readonly unknown[]): Promise<Row[]> {
    return (await this.#run(sql, parameters)).rows;
  }

  /** How many rows the statement's WHERE matched. */
  async affected(sql: string, parameters: readonly unknown[]): Promise<number> {
    return (await this.#run(sql, parameters)).affected;
  }

  /**
   * A statement whose outcome matters only if it fails. Where several may be sent at once it goes together with
   * the next one, which then fails in its place; that saves a round trip.
   */
  async later(sql: string, parameters: readonly unknown[]): Promise<void> {
    if (!this.#sendsTogether) {
      await this.#run(sql, parameters);
      return;
    }
    const size = parameters.reduce<number>((sum, value) => sum + sizeOf(value), sql.length);
    if (this.#waitingSize + size > MAX_WAITING_SIZE) await this.flush();
    this.#waiting.push({ sql, parameters });
    this.#waitingSize += size;
  }

  /** Runs what waits now, so that the next statement fails for itself alone. */
  async flush(): Promise<void> {
    const last = this.#waiting.pop();
    if (last) await this.#run(last.sql, last.parameters);
  }

  async begin(): Promise<void> {
    // On SQLite a transaction takes the write lock at once: one that reads first could not be upgraded later.
    const isSqlite = this.runner.dataSource.options.type === 'better-sqlite3';
    this.#inTransaction = true;
    await this.later(isSqlite ? 'BEGIN IMMEDIATE' : 'START TRANSACTION', []);
  }

  async commit(): Promise<void> {
    await this.#run('COMMIT', []);
    this.#inTransaction = false;
  }

  /** Ends a transaction that failed; a connection that broke has rolled back already, and that must not hide why. */
  async rollBack(): Promise<void> {
    if (!this.#inTransaction) return;
    this.#inTransaction = false;
    this.#waiting = [];
    await bounded(this.runner, () => this.runner.query('ROLLBACK')).catch(() => undefined);
  }

  /** Runs what waits, and then this statement. */
  async #run(sql: string, parameters: readonly unknown[]): Promise<Outcome> {
    const statements = [...this.#waiting, { sql, parameters }];
    this.#waiting = [];
    this.#waitingSize = 0;
    const text = statements.map((statement) => statement.sql).join('; ');
    const bound = statements.flatMap((statement) => statement.parameters);
    try {
      const result: Result = await bounded(this.runner, () => this.runner.query(text, bound, true));
      return statements.length > 1 ? outcomeOfLast(result.raw) : outcomeOf(result);
    } catch (error) {
      throw databaseFailure(error);
    }
  }
}

const outcomeOf = ({ records = [], affected }: Result): Outcome => ({
  rows: records,
  affected: affected ?? 0,
});

function outcomeOfLast(raw: Result['raw']): Outcome {
  const last = raw.at(-1);
  return Array.isArray(last) ? { rows: last, affected: 0 } : { rows: [], affected: last?.affectedRows ?? 0 };
}

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
