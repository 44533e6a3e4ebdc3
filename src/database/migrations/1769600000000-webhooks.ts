import type { MigrationInterface, QueryRunner } from 'typeorm';
import { authorshipColumns } from '../schema/authorship.js';
import { createTable } from '../schema/create-table.js';

const TABLES = ['webhook_attempt', 'webhook_retry', 'webhook_lane', 'webhook'];

export class Webhooks1769600000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createTable(runner, 'webhook', {
      columns: (types) => ({
        tenant_id: `${types.id} NOT NULL`,
        id: `${types.id} NOT NULL`,
        tenant_unit_id: `${types.id} NULL`,
        url: `${types.text(2048)} NOT NULL`,
        description: `${types.text(255)} NULL`,
        types: `${types.longText} NULL`,
        disabled_reason: `${types.id} NULL`,
        secret: `${types.text(255)} NOT NULL`,
        previous_secret: `${types.text(255)} NULL`,
        previous_secret_until: `${types.time} NULL`,
        version: `${types.count} NOT NULL`,
        ...authorshipColumns(types),
      }),
      primaryKey: ['tenant_id', 'id'],
    });
    await createTable(runner, 'webhook_lane', {
      columns: ({ id, time, count }) => ({
        tenant_id: `${id} NOT NULL`,
        id: `${id} NOT NULL`,
        tenant_unit_id: `${id} NULL`,
        epoch: `${id} NOT NULL`,
        position: `${count} NOT NULL`,
        replay_position: `${count} NOT NULL`,
        replay_end: `${count} NOT NULL`,
        due_time: `${time} NOT NULL`,
        claimed_until: `${time} NOT NULL`,
        failures: `${count} NOT NULL`,
        failing_since: `${time} NULL`,
      }),
      primaryKey: ['tenant_id', 'id'],
    });
    await createTable(runner, 'webhook_retry', {
      columns: ({ id, time, count }) => ({
        tenant_id: `${id} NOT NULL`,
        webhook_id: `${id} NOT NULL`,
        epoch: `${id} NOT NULL`,
        position: `${count} NOT NULL`,
        tenant_unit_id: `${id} NULL`,
        attempts: `${count} NOT NULL`,
        due_time: `${time} NOT NULL`,
      }),
      primaryKey: ['tenant_id', 'webhook_id', 'epoch', 'position'],
    });
    await createTable(runner, 'webhook_attempt', {
      columns: ({ id, text, time, count }) => ({
        tenant_id: `${id} NOT NULL`,
        webhook_id: `${id} NOT NULL`,
        id: `${id} NOT NULL`,
        tenant_unit_id: `${id} NULL`,
        event_id: `${id} NOT NULL`,
        type: `${id} NOT NULL`,
        attempt: `${count} NOT NULL`,
        time: `${time} NOT NULL`,
        status: `${count} NULL`,
        duration_ms: `${count} NOT NULL`,
        error: `${text(255)} NULL`,
        outcome: `${id} NOT NULL`,
      }),
      primaryKey: ['tenant_id', 'webhook_id', 'id'],
      indexes: { webhook_attempt_by_time: ['time'] },
    });
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of TABLES) await runner.query(`DROP TABLE ${table}`);
  }
}
