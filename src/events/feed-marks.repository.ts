import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { AcrossTenantsRepository } from '../database/sql/across-tenants.repository.js';
import type { Transaction } from '../database/sql/transactions.js';

/** A feed, whose ever it is. */
export interface FeedMark {
  tenantId: string;
  epoch: string;
  lastPosition: number;
}

const FEEDS = 'SELECT tenant_id, epoch, last_position FROM feed';

/** How far the feeds of several tenants go. */
@Injectable()
export class FeedMarksRepository extends AcrossTenantsRepository {
  constructor(@InjectDataSource() dataSource: DataSource) {
    super(dataSource);
  }

  /** The feeds of these tenants, of all epochs. */
  listIn(transaction: Transaction, tenants: readonly string[]): Promise<FeedMark[]> {
    const sql = `${FEEDS} WHERE tenant_id IN (${tenants.map(() => '?').join(', ')})`;
    return this.#marks(transaction, sql, tenants);
  }

  /** The first feeds behind one, in the order of tenants and epochs. */
  listBehindIn(
    transaction: Transaction,
    { tenantId, epoch }: Pick<FeedMark, 'tenantId' | 'epoch'>,
    limit: number,
  ): Promise<FeedMark[]> {
    const sql = `${FEEDS} WHERE tenant_id >= ? AND (tenant_id > ? OR epoch > ?) ORDER BY tenant_id, epoch LIMIT ?`;
    return this.#marks(transaction, sql, [tenantId, tenantId, epoch, limit]);
  }

  async #marks(transaction: Transaction, sql: string, parameters: readonly unknown[]): Promise<FeedMark[]> {
    const rows = await this.rowsIn(transaction, sql, parameters);
    return rows.map((row) => ({
      tenantId: String(row['tenant_id']),
      epoch: String(row['epoch']),
      lastPosition: Number(row['last_position']),
    }));
  }
}
