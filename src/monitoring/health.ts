import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { Unavailable } from '../common/errors/domain-error.js';
import { bounded } from '../database/sql/sql-session.js';

const PROBE_TIMEOUT_MS = 2_000;

/** Whether this replica should be sent requests. That its migrations are applied was seen to before it listened. */
@Injectable()
export class Health {
  #shuttingDown = false;

  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /** From now on requests are better sent to another replica. */
  startShutdown(): void {
    this.#shuttingDown = true;
  }

  get isShuttingDown(): boolean {
    return this.#shuttingDown;
  }

  /** Throws Unavailable when shutting down, or when the database does not answer in time. */
  async assertReady(): Promise<void> {
    if (this.#shuttingDown) throw new Unavailable('The service is shutting down.');
    try {
      await this.#probe();
    } catch (error) {
      throw new Unavailable('The database cannot be reached.', error);
    }
  }

  /** As a reader, so that on SQLite it does not stand in the line of the writers. */
  async #probe(): Promise<void> {
    const runner = this.dataSource.createQueryRunner('slave');
    try {
      await bounded(runner, () => runner.query('SELECT 1'), PROBE_TIMEOUT_MS);
    } finally {
      await runner.release();
    }
  }
}
