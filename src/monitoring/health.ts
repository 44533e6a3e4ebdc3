import { Injectable } from '@nestjs/common';
import { Unavailable } from '../common/errors/domain-error.js';
import { DatabaseProbe } from '../database/database-probe.js';

/** Whether this replica should be sent requests. That its migrations are applied was seen to before it listened. */
@Injectable()
export class Health {
  #shuttingDown = false;

  constructor(private readonly database: DatabaseProbe) {}

  /** From now on requests are better sent to another replica. */
  startShutdown(): void {
    this.#shuttingDown = true;
  }

  get isShuttingDown(): boolean {
    return this.#shuttingDown;
  }

  /** Throws Unavailable when shutting down, or when the database takes no writes or does not answer in time. */
  async assertReady(): Promise<void> {
    if (this.#shuttingDown) throw new Unavailable('The service is shutting down.');
    if ((await this.database.fault()) !== undefined) throw new Unavailable('The database takes no writes.');
  }
}
