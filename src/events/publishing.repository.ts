import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { now } from '../common/clock.js';
import { AcrossTenantsRepository } from '../database/sql/across-tenants.repository.js';
import type { Row } from '../database/sql/sql-session.js';
import type { Transaction } from '../database/sql/transactions.js';

const MAX_TENANTS = 100;
const MAX_ROWS = 300;
const PENDING =
  'SELECT tenant_id, id, conversation_id, tenant_unit_id, type, event_time, version, event_count, data FROM event_pending WHERE tenant_id = ? ORDER BY id LIMIT ?';
const MARK = 'SELECT tenant_id, last_position FROM feed WHERE tenant_id = ? AND epoch = ?';
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

  /** What is pending: of each conversation what was committed first, of many tenants a share each. */
  async listPending(transaction: Transaction): Promise<Row[]> {
    const tenants = await this.rowsIn(
      transaction,
      `SELECT DISTINCT tenant_id FROM event_pending LIMIT ${MAX_TENANTS}`,
      [],
    );
    if (tenants.length === 0) return [];
    const share = Math.ceil(MAX_ROWS / tenants.length);
    return this.rowsIn(
      transaction,
      tenants.map(() => `(${PENDING})`).join(' UNION ALL '),
      tenants.flatMap(({ tenant_id }) => [tenant_id, share]),
    );
  }

  /** Gives the rows their positions in the epoch; without one they are discarded. Throws PublishedMeanwhile. */
  async publish(transaction: Transaction, epoch: string | null, pending: readonly Row[]): Promise<void> {
    const remove = () =>
      pending.map(({ tenant_id, id }) =>
        this.affectedIn(transaction, 'DELETE FROM event_pending WHERE tenant_id = ? AND id = ?', [
          tenant_id,
          id,
        ]),
      );
    if (epoch === null) {
      await Promise.all(remove());
      return;
    }
    const marks = await this.#marks(
      transaction,
      epoch,
      new Set(pending.map(({ tenant_id }) => String(tenant_id))),
    );
    const lasts = new Map(marks);
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
    const counts = await Promise.all([
      ...remove(),
      ...[...marks].map(([tenant, last]) =>
        this.affectedIn(
          transaction,
          'UPDATE feed SET last_position = ?, published_time = ? WHERE tenant_id = ? AND epoch = ? AND last_position = ?',
          [lasts.get(tenant), now(), tenant, epoch, last],
        ),
      ),
    ]);
    if (counts.some((count) => count !== 1)) throw new PublishedMeanwhile();
    for (let start = 0; start < rows.length; start += INSERT_ROWS) {
      const chunk = rows.slice(start, start + INSERT_ROWS);
      await this.affectedIn(transaction, INSERT + chunk.map(() => TUPLE).join(', '), chunk.flat());
    }
  }

  /** How far the feeds of the tenants go; those that have none get one. */
  async #marks(
    transaction: Transaction,
    epoch: string,
    tenants: ReadonlySet<string>,
  ): Promise<Map<string, number>> {
    const read = async () => {
      const rows = await this.rowsIn(
        transaction,
        [...tenants].map(() => `(${MARK})`).join(' UNION ALL '),
        [...tenants].flatMap((tenant) => [tenant, epoch]),
      );
      return new Map(rows.map((row) => [String(row['tenant_id']), Number(row['last_position'])]));
    };
    const marks = await read();
    const missing = [...tenants].filter((tenant) => !marks.has(tenant));
    if (missing.length === 0) return marks;
    await this.affectedIn(
      transaction,
      `INSERT IGNORE INTO feed (tenant_id, epoch, first_position, last_position) VALUES ${missing.map(() => '(?, ?, 1, 0)').join(', ')}`,
      missing.flatMap((tenant) => [tenant, epoch]),
    );
    const all = await read();
    if (all.size < tenants.size) throw new PublishedMeanwhile();
    return all;
  }
}
