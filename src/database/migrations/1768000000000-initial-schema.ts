import type { MigrationInterface, QueryRunner } from 'typeorm';
import { authorshipColumns } from '../schema/authorship.js';
import { createTable } from '../schema/create-table.js';

export class InitialSchema1768000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createTable(runner, 'conversation', {
      columns: (types) => ({
        tenant_id: `${types.id} NOT NULL`,
        id: `${types.id} NOT NULL`,
        tenant_unit_id: `${types.id} NULL`,
        topic: `${types.text(255)} NOT NULL`,
        status: `${types.id} NOT NULL`,
        agent_id: `${types.id} NULL`,
        agent_mode: `${types.text(64)} NULL`,
        agent_type: `${types.text(64)} NULL`,
        assignment_id: `${types.id} NULL`,
        user_id: `${types.id} NULL`,
        invoke_from: `${types.text(64)} NULL`,
        inputs: `${types.longText} NOT NULL`,
        extend_properties: `${types.longText} NOT NULL`,
        message_count: `${types.count} NOT NULL`,
        version: `${types.count} NOT NULL`,
        ...authorshipColumns(types),
      }),
      primaryKey: ['tenant_id', 'id'],
      indexes: {
        conversation_by_tenant_unit_id: ['tenant_id', 'tenant_unit_id', 'id'],
        conversation_by_agent_id: ['tenant_id', 'agent_id', 'id'],
        conversation_by_status: ['tenant_id', 'status', 'id'],
        conversation_by_assignment_id: ['tenant_id', 'assignment_id', 'id'],
        conversation_by_user_id: ['tenant_id', 'user_id', 'id'],
        conversation_by_unit_agent_id: ['tenant_id', 'tenant_unit_id', 'agent_id', 'id'],
        conversation_by_unit_status: ['tenant_id', 'tenant_unit_id', 'status', 'id'],
        conversation_by_unit_assignment_id: ['tenant_id', 'tenant_unit_id', 'assignment_id', 'id'],
        conversation_by_unit_user_id: ['tenant_id', 'tenant_unit_id', 'user_id', 'id'],
        conversation_by_activity: ['tenant_id', 'updated_time', 'id'],
        conversation_by_unit_activity: ['tenant_id', 'tenant_unit_id', 'updated_time', 'id'],
        conversation_by_user_activity: ['tenant_id', 'user_id', 'updated_time', 'id'],
      },
    });
    await createTable(runner, 'conversation_count', {
      columns: ({ id, count }) => ({
        tenant_id: `${id} NOT NULL`,
        agent_id: `${id} NOT NULL`,
        status: `${id} NOT NULL`,
        tenant_unit_id: `${id} NOT NULL`,
        shard: `${count} NOT NULL`,
        total: `${count} NOT NULL`,
      }),
      primaryKey: ['tenant_id', 'agent_id', 'status', 'tenant_unit_id', 'shard'],
    });
    await createTable(runner, 'message', {
      columns: (types) => ({
        tenant_id: `${types.id} NOT NULL`,
        conversation_id: `${types.id} NOT NULL`,
        sequence: `${types.count} NOT NULL`,
        id: `${types.id} NOT NULL`,
        tenant_unit_id: `${types.id} NULL`,
        message_from: `${types.id} NOT NULL`,
        content: `${types.longText} NOT NULL`,
        run_id: `${types.id} NULL`,
        agent_id: `${types.id} NULL`,
        user_id: `${types.id} NULL`,
        requested_time: `${types.time} NOT NULL`,
        input_tokens: `${types.count} NOT NULL`,
        answer_tokens: `${types.count} NOT NULL`,
        total_tokens: `${types.count} NOT NULL`,
        feedback: `${types.text(2000)} NULL`,
        metadata: `${types.longText} NOT NULL`,
        version: `${types.count} NOT NULL`,
        ...authorshipColumns(types),
      }),
      primaryKey: ['tenant_id', 'conversation_id', 'sequence'],
    });
    await createTable(runner, 'deleted_conversation', {
      columns: ({ id, count, time }) => ({
        tenant_id: `${id} NOT NULL`,
        id: `${id} NOT NULL`,
        tenant_unit_id: `${id} NULL`,
        message_count: `${count} NOT NULL`,
        purged_sequence: `${count} NOT NULL`,
        claimed_until: `${time} NOT NULL`,
      }),
      primaryKey: ['tenant_id', 'id'],
      indexes: { deleted_conversation_by_claim: ['claimed_until'] },
    });
    await createTable(runner, 'idempotency_record', {
      columns: ({ id, count, longText, bytes, time }) => ({
        tenant_id: `${id} NOT NULL`,
        id: `${id} NOT NULL`,
        tenant_unit_id: `${id} NULL`,
        fingerprint: `${id} NOT NULL`,
        status: `${count} NOT NULL`,
        headers: `${longText} NOT NULL`,
        body: `${bytes} NOT NULL`,
        expires_time: `${time} NOT NULL`,
      }),
      primaryKey: ['tenant_id', 'id'],
      indexes: { idempotency_record_by_expiry: ['expires_time'] },
    });
    await createTable(runner, 'api_key', {
      columns: ({ id, text, time }) => ({
        id: `${id} NOT NULL`,
        key_hash: `${id} NOT NULL`,
        name: `${text(255)} NOT NULL`,
        tenant_id: `${id} NULL`,
        tenant_unit_id: `${id} NULL`,
        scopes: `${text(255)} NOT NULL`,
        created_time: `${time} NOT NULL`,
        expires_time: `${time} NULL`,
        revoked_time: `${time} NULL`,
      }),
      primaryKey: ['id'],
      indexes: { api_key_by_hash: ['key_hash'] },
      unique: ['api_key_by_hash'],
    });
  }

  async down(runner: QueryRunner): Promise<void> {
    const tables = [
      'api_key',
      'idempotency_record',
      'deleted_conversation',
      'message',
      'conversation_count',
      'conversation',
    ];
    for (const table of tables) await runner.query(`DROP TABLE ${table}`);
  }
}
