import { closeSync, openSync } from 'node:fs';
import Sqlite from 'better-sqlite3';

/** Whoever is collected as garbage lets go. */
const claims: Sqlite.Database[] = [];

/**
 * Marks a SQLite database as this process's, by a lock on a file beside it that ends with the process, however it ends.
 * False when another process has it: both could write, but neither would know of the other's events, keys and limits.
 */
export function claimSqlite(path: string): boolean {
  const file = `${path}.lock`;
  closeSync(openSync(file, 'a', 0o600));
  const claim = new Sqlite(file, { timeout: 0 });
  try {
    claim.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    claim.close();
    if (error instanceof Sqlite.SqliteError && error.code === 'SQLITE_BUSY') return false;
    throw error;
  }
  claims.push(claim);
  return true;
}
