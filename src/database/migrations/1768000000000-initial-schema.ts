import type { MigrationInterface, QueryRunner } from 'typeorm';
import { columnTypesOf } from '../column-types.js';

export class InitialSchema1768000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const { id, text, longText, time, count, tableOptions } = columnTypesOf(runner);
    const authorship = `
      created_time ${time} NOT NULL,
      updated_time ${time} NOT NULL,
      created_by ${text(255)} NULL,
      created_by_name ${text(255)} NULL,
      created_by_role ${text(255)} NULL,
      updated_by ${text(255)} NULL,
      updated_by_name ${text(255)} NULL,
      updated_by_role ${text(255)} NULL`;

    await runner.query(`
      CREATE TABLE conversation (
        tenant_id ${id} NOT NULL,
        id ${id} NOT NULL,
        tenant_unit_id ${id} NULL,
        topic ${text(255)} NOT NULL,
        status ${id} NOT NULL,
        agent_id ${id} NULL,
        agent_mode ${text(64)} NULL,
        agent_type ${text(64)} NULL,
        assignment_id ${id} NULL,
        user_id ${id} NULL,
        invoke_from ${text(64)} NULL,
        inputs ${longText} NOT NULL,
        extend_properties ${longText} NOT NULL,
        message_count ${count} NOT NULL,
        version ${count} NOT NULL,
        ${authorship},
        PRIMARY KEY (tenant_id, id)
      )${tableOptions}`);
    for (const column of ['tenant_unit_id', 'agent_id', 'status', 'assignment_id', 'user_id']) {
      await runner.query(`CREATE INDEX conversation_by_${column} ON conversation (tenant_id, ${column}, id)`);
    }
    await runner.query('CREATE INDEX conversation_by_activity ON conversation (tenant_id, updated_time, id)');

    await runner.query(`
      CREATE TABLE message (
        tenant_id ${id} NOT NULL,
        conversation_id ${id} NOT NULL,
        sequence ${count} NOT NULL,
        id ${id} NOT NULL,
        tenant_unit_id ${id} NULL,
        message_from ${id} NOT NULL,
        content ${longText} NOT NULL,
        run_id ${id} NULL,
        agent_id ${id} NULL,
        user_id ${id} NULL,
        requested_time ${time} NOT NULL,
        input_tokens ${count} NOT NULL,
        answer_tokens ${count} NOT NULL,
        total_tokens ${count} NOT NULL,
        feedback ${text(2000)} NULL,
        metadata ${longText} NOT NULL,
        version ${count} NOT NULL,
        ${authorship},
        PRIMARY KEY (tenant_id, conversation_id, sequence)
      )${tableOptions}`);

    await runner.query(`
      CREATE TABLE deleted_conversation (
        tenant_id ${id} NOT NULL,
        id ${id} NOT NULL,
        tenant_unit_id ${id} NULL,
        message_count ${count} NOT NULL,
        purged_sequence ${count} NOT NULL,
        claimed_until ${time} NOT NULL,
        PRIMARY KEY (tenant_id, id)
      )${tableOptions}`);

    await runner.query(`
      CREATE TABLE api_key (
        id ${id} NOT NULL,
        key_hash ${id} NOT NULL,
        name ${text(255)} NOT NULL,
        tenant_id ${id} NULL,
        tenant_unit_id ${id} NULL,
        scopes ${text(255)} NOT NULL,
        created_time ${time} NOT NULL,
        expires_time ${time} NULL,
        revoked_time ${time} NULL,
        PRIMARY KEY (id)
      )${tableOptions}`);
    await runner.query('CREATE UNIQUE INDEX api_key_by_hash ON api_key (key_hash)');
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['api_key', 'deleted_conversation', 'message', 'conversation'])
      await runner.query(`DROP TABLE ${table}`);
  }
}
