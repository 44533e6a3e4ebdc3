import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addColumns, addIndex } from '../schema/alter-table.js';
import { createTable } from '../schema/create-table.js';

/**
 * Clients' own names of conversations and messages, forks, parts, hiding and redaction. Replicas of the release before
 * go on inserting rows that name none of this.
 */
export class SecondEdition1769300000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await addColumns(runner, 'conversation', ({ id, externalId, count }) => ({
      external_id: `${externalId} NULL`,
      external_unit_id: `${id} NULL`,
      forked_from_id: `${id} NULL`,
      forked_from_sequence: `${count} NULL`,
    }));
    const name = ['tenant_id', 'external_id', 'external_unit_id'];
    await addIndex(runner, 'conversation', 'conversation_by_external_id', name, { unique: true });
    await addColumns(runner, 'message', ({ externalId, flag, longText, time }) => ({
      parts: `${longText} NULL`,
      external_id: `${externalId} NULL`,
      hidden: `${flag} NOT NULL DEFAULT 0`,
      redacted_time: `${time} NULL`,
    }));
    await createTable(runner, 'message_name', {
      columns: ({ id, externalId, count }) => ({
        tenant_id: `${id} NOT NULL`,
        conversation_id: `${id} NOT NULL`,
        external_id: `${externalId} NOT NULL`,
        tenant_unit_id: `${id} NULL`,
        sequence: `${count} NOT NULL`,
      }),
      primaryKey: ['tenant_id', 'conversation_id', 'external_id'],
      indexes: { message_name_by_sequence: ['tenant_id', 'conversation_id', 'sequence'] },
    });
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Names, parts and redactions that are gone cannot be brought back.'));
  }
}
