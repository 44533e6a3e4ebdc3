import { performance } from 'node:perf_hooks';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { newId } from '../common/ids.js';
import { AcrossTenantsRepository } from '../database/sql/across-tenants.repository.js';
import { Transactions } from '../database/sql/transactions.js';

const LEASE_MS = 2_000;
/** How long a replica relies on a lease, or on having none, before it asks again. */
const ASK_AGAIN_MS = 800;

/**
 * Leases of jobs that one replica does at a time. A replica that dies is followed by another one when its lease ends;
 * what the work writes must be right even where a replica stood still for longer than that.
 */
@Injectable()
export class JobLeasesRepository extends AcrossTenantsRepository {
  /** Of this replica. */
  readonly #holder = newId();
  readonly #known = new Map<string, { isHeld: boolean; until: number }>();

  constructor(
    @InjectDataSource() dataSource: DataSource,
    private readonly transactions: Transactions,
  ) {
    super(dataSource);
  }

  /** Whether this replica may do the job now; takes or prolongs the lease where it can. */
  async hold(job: string): Promise<boolean> {
    const known = this.#known.get(job);
    const asked = performance.now();
    if (known && asked < known.until) return known.isHeld;
    const isHeld = await this.#take(job);
    this.#known.set(job, { isHeld, until: asked + ASK_AGAIN_MS });
    return isHeld;
  }

  /** Lets another replica go on at once. */
  async giveBack(job: string): Promise<void> {
    if (!this.#known.get(job)?.isHeld) return;
    this.#known.delete(job);
    await this.transactions.run(null, (transaction) =>
      this.affectedIn(
        transaction,
        `UPDATE job_lease SET held_until = ${this.#clock(0)} WHERE id = ? AND holder_id = ?`,
        [job, this.#holder],
      ),
    );
  }

  #take(job: string): Promise<boolean> {
    const ignore = this.isSqlite ? 'OR IGNORE' : 'IGNORE';
    return this.transactions.run(null, async (transaction) => {
      const update = () =>
        this.affectedIn(
          transaction,
          `UPDATE job_lease SET holder_id = ?, held_until = ${this.#clock(LEASE_MS)}
           WHERE id = ? AND (holder_id = ? OR held_until < ${this.#clock(0)})`,
          [this.#holder, job, this.#holder],
        );
      if ((await update()) === 1) return true;
      const made = await this.affectedIn(
        transaction,
        `INSERT ${ignore} INTO job_lease (id, holder_id, held_until) VALUES (?, ?, ${this.#clock(LEASE_MS)})`,
        [job, this.#holder],
      );
      return made === 1;
    });
  }

  /** The database's clock, so many milliseconds from now. */
  #clock(ms: number): string {
    return this.isSqlite
      ? `strftime('%Y-%m-%d %H:%M:%f', 'now', '+${ms / 1000} seconds')`
      : `UTC_TIMESTAMP(3) + INTERVAL ${ms * 1000} MICROSECOND`;
  }
}
