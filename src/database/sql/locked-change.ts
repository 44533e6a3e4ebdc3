import { isDeepStrictEqual } from 'node:util';
import { type AlreadyDone, OutcomeUnknown, type Transaction, type Work } from './transactions.js';

interface LockedChange<Row extends { version: number }> {
  /** The row as it is, held against all other writers until the transaction ends. Throws where there is none. */
  lock: (transaction: Transaction) => Promise<Row>;
  /** The row as it is to be; the very same one where nothing changes. Throws where a condition is not met. */
  change: (row: Row) => Row;
  write: (transaction: Transaction, before: Row, after: Row) => Promise<void>;
}

/**
 * Changes a row behind its lock and gives it as it is then. In doubt, a row that is as the run before left it was
 * changed by that run; a later version hides whether it was (OutcomeUnknown).
 */
export function lockedChange<Row extends { version: number }>({
  lock,
  change,
  write,
}: LockedChange<Row>): {
  work: Work<Row>;
  alreadyDone: AlreadyDone<Row>;
} {
  let written: Row | undefined;
  return {
    work: async (transaction) => {
      const before = await lock(transaction);
      const after = change(before);
      await write(transaction, before, after);
      if (after !== before) written = after;
      return after;
    },
    alreadyDone: async (transaction) => {
      const row = await lock(transaction);
      if (isDeepStrictEqual({ ...row }, written)) return row;
      if (written && row.version > written.version) throw new OutcomeUnknown();
      return undefined;
    },
  };
}
