import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { AcrossTenantsRepository } from '../database/sql/across-tenants.repository.js';
import { type Transaction, Transactions } from '../database/sql/transactions.js';

const CURRENT = "SELECT epoch FROM feed_epoch WHERE id = 'current'";

/**
 * The epoch of all feeds: positions count in it, and none of another one can be read on from. What was left before an
 * epoch began may be incomplete and is not published.
 */
@Injectable()
export class EpochsRepository extends AcrossTenantsRepository {
  constructor(
    @InjectDataSource() dataSource: DataSource,
    private readonly transactions: Transactions,
  ) {
    super(dataSource);
  }

  /** Null while the feed is off. */
  async currentIn(transaction: Transaction): Promise<string | null> {
    const [row] = await this.rowsIn(transaction, CURRENT, []);
    return row ? String(row['epoch']) : null;
  }

  /** As `currentIn`, held against whoever would end it until the transaction ends. */
  async currentLocked(transaction: Transaction): Promise<string | null> {
    const [row] = await this.rowsIn(transaction, this.isSqlite ? CURRENT : `${CURRENT} FOR UPDATE`, []);
    return row ? String(row['epoch']) : null;
  }

  /**
   * Begins an epoch unless there is one. What was left is gone before: over several shards (Vitess) a commit may be
   * half done, and a shard that still had it would be published in the new epoch.
   */
  async begin(): Promise<void> {
    const unlessThereIsOne = (work: (transaction: Transaction) => Promise<unknown>) =>
      this.transactions.run(null, async (transaction) => {
        if ((await this.currentLocked(transaction)) === null) await work(transaction);
      });
    await unlessThereIsOne((transaction) => this.#discard(transaction));
    await unlessThereIsOne((transaction) => this.#replace(transaction));
  }

  /** Ends the current epoch and begins another one, which it returns. */
  renew(): Promise<string> {
    return this.transactions.run(null, (transaction) => this.#replace(transaction));
  }

  /** Ends the current epoch, if there is one. */
  end(): Promise<void> {
    return this.transactions.run(null, async (transaction) => {
      await this.affectedIn(transaction, "DELETE FROM feed_epoch WHERE id = 'current'", []);
    });
  }

  async #replace(transaction: Transaction): Promise<string> {
    await this.affectedIn(transaction, "DELETE FROM feed_epoch WHERE id = 'current'", []);
    await this.#discard(transaction);
    const epoch = randomBytes(5).toString('hex');
    await this.affectedIn(transaction, "INSERT INTO feed_epoch (id, epoch) VALUES ('current', ?)", [epoch]);
    return epoch;
  }

  #discard(transaction: Transaction): Promise<number> {
    return this.affectedIn(transaction, 'DELETE FROM event_pending', []);
  }
}
