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

  /** Whose events are pending. */
  async listTenants(transaction: Transaction): Promise<string[]> {
    const sql = `SELECT DISTINCT tenant_id FROM event_pending LIMIT ${MAX_TENANTS}`;
    return (await this.rowsIn(transaction, sql, [])).map(({ tenant_id }) => String(tenant_id));
  }

  /** What is pending: of each conversation what was committed first, of many tenants a share each. */
  listPending(transaction: Transaction, tenants: readonly string[]): Promise<Row[]> {
    const share = Math.ceil(MAX_ROWS / tenants.length);
    return this.rowsIn(
      transaction,
      tenants.map(() => `(${PENDING})`).join(' UNION ALL '),
      tenants.flatMap((tenant) => [tenant, share]),
    );
  }

  /** Of an epoch that is over: nobody can read on in it. */
  async discard(transaction: Transaction, pending: readonly Row[]): Promise<void> {
    await Promise.all(this.#remove(transaction, pending));
  }

  /** Gives the rows their positions behind the marks of their feeds. Throws PublishedMeanwhile. */
  async publish(
    transaction: Transaction,
    epoch: string,
    pending: readonly Row[],
    marks: ReadonlyMap<string, number>,
  ): Promise<void> {
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
    for (let start = 0; start < rows.length; start += INSERT_ROWS) {
      const chunk = rows.slice(start, start + INSERT_ROWS);
      await this.laterIn(transaction, INSERT + chunk.map(() => TUPLE).join(', '), chunk.flat());
    }
    const counts = await Promise.all([
      ...this.#remove(transaction, pending),
      ...[...marks].map(([tenant, last]) =>
        this.affectedIn(
          transaction,
          'UPDATE feed SET last_position = ?, published_time = ? WHERE tenant_id = ? AND epoch = ? AND last_position = ?',
          [lasts.get(tenant), now(), tenant, epoch, last],
        ),
      ),
    ]);
    if (counts.some((count) => count !== 1)) throw new PublishedMeanwhile();
  }

  /** How far the feeds of the tenants go; those that have none get one. */
  async listMarks(
    transaction: Transaction,
    epoch: string,
    tenants: readonly string[],
  ): Promise<Map<string, number>> {
    const read = async () => {
      const rows = await this.rowsIn(
        transaction,
        tenants.map(() => `(${MARK})`).join(' UNION ALL '),
        tenants.flatMap((tenant) => [tenant, epoch]),
      );
      return new Map(rows.map((row) => [String(row['tenant_id']), Number(row['last_position'])]));
    };
    const marks = await read();
    const missing = tenants.filter((tenant) => !marks.has(tenant));
    if (missing.length === 0) return marks;
    await this.affectedIn(
      transaction,
      `INSERT IGNORE INTO feed (tenant_id, epoch, first_position, last_position) VALUES ${missing.map(() => '(?, ?, 1, 0)').join(', ')}`,
      missing.flatMap((tenant) => [tenant, epoch]),
    );
    const all = await read();
    if (all.size < tenants.length) throw new PublishedMeanwhile();
    return all;
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
