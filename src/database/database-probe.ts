import { rm, writeFile } from 'node:fs/promises';
import { Injectable, Logger } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import Sqlite from 'better-sqlite3';
import { DataSource } from 'typeorm';
import { atMostEvery } from '../common/at-most-every.js';
import { poolOf } from './engines/failover-driver.js';

const INTERVAL_MS = 1_000;
/** About as much as the largest message needs. */
const SPACE_NEEDED = Buffer.alloc(1024 * 1024);

/**
 * Whether the database takes writes. It is asked over a connection of its own, once a second at most, so that neither
 * what asks here nor load on the service can change the answer. A change is logged.
 */
@Injectable()
export class DatabaseProbe {
  readonly #logger = new Logger(DatabaseProbe.name);
  readonly #askSqlite = atMostEvery(INTERVAL_MS, sqliteFault);
  #last: string | undefined;

  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** Why it does not; undefined when it does. */
  async fault(): Promise<string | undefined> {
    const fault = await this.#ask();
    if (fault !== undefined && fault !== this.#last)
      this.#logger.warn(`The database takes no writes. ${fault}`);
    if (fault === undefined && this.#last !== undefined) this.#logger.log('The database takes writes again.');
    return (this.#last = fault);
  }

  async #ask(): Promise<string | undefined> {
    const { isInitialized, options } = this.dataSource;
    if (!isInitialized) return 'It is not open.';
    if (options.type === 'better-sqlite3') return this.#askSqlite(options.database);
    return poolOf(this.dataSource)?.fault();
  }
}

/** A database that can be read may be on a disk that is full or was made read-only. */
async function sqliteFault(path: string): Promise<string | undefined> {
  if (path === ':memory:') return undefined;
  try {
    readATable(path);
    await writeFile(`${path}-probe`, SPACE_NEEDED);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await rm(`${path}-probe`, { force: true }).catch(() => undefined); // on a disk that cannot be written to
  }
}

function readATable(path: string): void {
  const database = new Sqlite(path, { readonly: true, fileMustExist: true, timeout: 0 });
  try {
    database.prepare('SELECT 1 FROM migrations LIMIT 1').get();
  } finally {
    database.close();
  }
}
