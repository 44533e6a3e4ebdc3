import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { now } from '../common/clock.js';
import { AcrossTenantsRepository } from '../database/sql/across-tenants.repository.js';
import type { Row } from '../database/sql/sql-session.js';
import type { Transaction } from '../database/sql/transactions.js';

/** Of one run; where there are more, the next one begins behind the tenant of the last row. */
export const MAX_ROWS = 300;
const PENDING = `SELECT pending.tenant_id, pending.id, pending.conversation_id, pending.tenant_unit_id, pending.type, pending.event_time, pending.version, pending.event_count, pending.data, feed.last_position FROM event_pending AS pending LEFT JOIN feed ON feed.tenant_id = pending.tenant_id AND feed.epoch = ? WHERE pending.tenant_id > ? ORDER BY pending.tenant_id, pending.id LIMIT ${MAX_ROWS}`;
const INSERT =
  'INSERT INTO event (tenant_id, epoch, position, conversation_id, tenant_unit_id, type, event_time, version, event_count, data) VALUES ';
const TUPLE = '(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)';
const INSERT_ROWS = 50;

/** Another publisher was there first; nothing of this one is committed. */
export class PublishedMeanwhile extends Error {}

/**
 * Moves what is pending into the feeds, on a server. Rows are read in a snapshot and deleted by their whole keys, so
 * that neither waits for writes under way, nor these for it; and every row read must be there to be deleted, every
 * mark as it was read, so that two publishers at once do no harm.
 */
@Injectable()
export class PublishingRepository extends AcrossTenantsRepository {
  constructor(@InjectDataSource() dataSource: DataSource) {
    super(dataSource);
  }

  /**
   * What is pending of the tenants behind one, with how far their feeds go in an epoch: of each conversation what was
   * committed first.
   */
  listPending(transaction: Transaction, epoch: string | null, behind: string): Promise<Row[]> {
    return this.rowsIn(transaction, PENDING, [epoch, behind]);
  }

  /** Of an epoch that is over: nobody can read on in it. */
  async discard(transaction: Transaction, pending: readonly Row[]): Promise<void> {
    await Promise.all(this.#remove(transaction, pending));
  }

  /** Gives the rows their positions behind those of their feeds. Throws PublishedMeanwhile. */
  async publish(transaction: Transaction, epoch: string, pending: readonly Row[]): Promise<void> {
    const marks = new Map(pending.map((row) => [String(row['tenant_id']), row['last_position']]));
    const lasts = new Map([...marks].map(([tenant, mark]) => [tenant, Number(mark ?? 0)]));
    const rows = pending.map((row) => {
      const tenant = String(row['tenant_id']);
      const position = (lasts.get(tenant) ?? 0) + Number(row['event_count']);
      lasts.set(tenant, position);
      return [
        tenant,
        epoch,
        position,
        row['conversation_id'],
        row['tenant_unit_id'],
        row['type'],
        row['event_time'],
        row['version'],
        row['event_count'],
        row['data'],
      ];
    });
    const first = [...marks].flatMap(([tenant, mark]) => (mark === null ? [tenant] : []));
    if (first.length > 0)
      await this.laterIn(
        transaction,
        `INSERT IGNORE INTO feed (tenant_id, epoch, first_position, last_position) VALUES ${first.map(() => '(?, ?, 1, 0)').join(', ')}`,
        first.flatMap((tenant) => [tenant, epoch]),
      );
    for (let start = 0; start < rows.length; start += INSERT_ROWS) {
      const chunk = rows.slice(start, start + INSERT_ROWS);
      await this.laterIn(transaction, INSERT + chunk.map(() => TUPLE).join(', '), chunk.flat());
    }
    const counts = await Promise.all([
      ...this.#remove(transaction, pending),
      ...[...marks].map(([tenant, mark]) =>
        this.affectedIn(
          transaction,
          'UPDATE feed SET last_position = ?, published_time = ? WHERE tenant_id = ? AND epoch = ? AND last_position = ?',
          [lasts.get(tenant), now(), tenant, epoch, mark ?? 0],
        ),
      ),
    ]);
    if (counts.some((count) => count !== 1)) throw new PublishedMeanwhile();
  }

  #remove(transaction: Transaction, pending: readonly Row[]): Promise<number>[] {
    return pending.map(({ tenant_id, id }) =>
      this.affectedIn(transaction, 'DELETE FROM event_pending WHERE tenant_id = ? AND id = ?', [
        tenant_id,
        id,
      ]),
    );
  }
}
