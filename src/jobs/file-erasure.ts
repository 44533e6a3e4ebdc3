import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { Job, type PeriodicWork } from './job.js';

/**
 * Takes what was deleted or redacted out of SQLite's file too. Its pages are overwritten as they are freed
 * (`secure_delete`); what is left are older copies of them in the write-ahead log, which a checkpoint empties.
 */
@Injectable()
@Job({ name: 'file-erasure', everyMs: 1_000, replicas: 'all' })
export class FileErasure implements PeriodicWork {
  /** Who ran before may have died in between. */
  #isRequested = true;
  readonly #isSqlite: boolean;

  constructor(@InjectDataSource() private readonly dataSource: DataSource) {
    this.#isSqlite = dataSource.options.type === 'better-sqlite3';
  }

  /** Soon after this, nothing of what was committed as deleted is in the file. */
  request(): void {
    this.#isRequested = true;
  }

  async run(): Promise<boolean> {
    if (!this.#isSqlite || !this.#isRequested) return false;
    this.#isRequested = false;
    const [result]: { busy: number }[] = await this.dataSource.query('PRAGMA wal_checkpoint(TRUNCATE)');
    if (result?.busy !== 0) this.#isRequested = true;
    return false;
  }
}
