import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addColumns } from '../schema/alter-table.js';
import type { ColumnTypes } from '../schema/column-types.js';
import { createTable } from '../schema/create-table.js';

const events = ({ id, time, count, longText }: ColumnTypes) => ({
  conversation_id: `${id} NOT NULL`,
  tenant_unit_id: `${id} NULL`,
  type: `${id} NOT NULL`,
  event_time: `${time} NOT NULL`,
  version: `${count} NOT NULL`,
  event_count: `${count} NOT NULL`,
  data: `${longText} NOT NULL`,
});

export class Events1769400000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await addColumns(runner, 'conversation', ({ time }) => ({
      written_time: `${time} NOT NULL DEFAULT '1970-01-01 00:00:00.000'`,
    }));
    await createTable(runner, 'event_pending', {
      columns: (types) => ({
        tenant_id: `${types.id} NOT NULL`,
        id: `${types.id} NOT NULL`,
        ...events(types),
      }),
      primaryKey: ['tenant_id', 'id'],
    });
    await createTable(runner, 'event', {
      columns: (types) => ({
        tenant_id: `${types.id} NOT NULL`,
        epoch: `${types.id} NOT NULL`,
        position: `${types.count} NOT NULL`,
        ...events(types),
      }),
      primaryKey: ['tenant_id', 'epoch', 'position'],
      indexes: { event_by_conversation: ['tenant_id', 'conversation_id', 'epoch', 'position'] },
    });
    await createTable(runner, 'feed', {
      columns: ({ id, count }) => ({
        tenant_id: `${id} NOT NULL`,
        epoch: `${id} NOT NULL`,
        first_position: `${count} NOT NULL`,
        last_position: `${count} NOT NULL`,
      }),
      primaryKey: ['tenant_id', 'epoch'],
    });
    await createTable(runner, 'feed_epoch', {
      columns: ({ id }) => ({ id: `${id} NOT NULL`, epoch: `${id} NOT NULL` }),
      primaryKey: ['id'],
    });
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['event_pending', 'event', 'feed', 'feed_epoch'])
      await runner.query(`DROP TABLE ${table}`);
    await runner.query('ALTER TABLE conversation DROP COLUMN written_time');
  }
}
