import type { MigrationInterface, QueryRunner } from 'typeorm';
import { columnTypesOf } from '../column-types.js';

/** Indexes for the filters of a list beside a unit, and for what was active last; counters for its totals. */
export class ConversationCounts1768200000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const { id, count, tableOptions } = columnTypesOf(runner);
    for (const column of ['agent_id', 'status', 'assignment_id', 'user_id']) {
      await runner.query(
        `CREATE INDEX conversation_by_unit_${column} ON conversation (tenant_id, tenant_unit_id, ${column}, id)`,
      );
    }
    await runner.query(
      'CREATE INDEX conversation_by_unit_activity ON conversation (tenant_id, tenant_unit_id, updated_time, id)',
    );
    await runner.query(
      'CREATE INDEX conversation_by_user_activity ON conversation (tenant_id, user_id, updated_time, id)',
    );
    await runner.query(`
      CREATE TABLE conversation_count (
        tenant_id ${id} NOT NULL,
        agent_id ${id} NOT NULL,
        status ${id} NOT NULL,
        tenant_unit_id ${id} NOT NULL,
        shard ${count} NOT NULL,
        total ${count} NOT NULL,
        PRIMARY KEY (tenant_id, agent_id, status, tenant_unit_id, shard)
      )${tableOptions}`);
    await runner.query(`
      INSERT INTO conversation_count (tenant_id, agent_id, status, tenant_unit_id, shard, total)
      SELECT tenant_id, COALESCE(agent_id, ''), status, COALESCE(tenant_unit_id, ''), 0, COUNT(*)
      FROM conversation
      GROUP BY tenant_id, COALESCE(agent_id, ''), status, COALESCE(tenant_unit_id, '')`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE conversation_count');
    const indexes = [
      'unit_agent_id',
      'unit_status',
      'unit_assignment_id',
      'unit_user_id',
      'unit_activity',
      'user_activity',
    ];
    const onTable = runner.dataSource.options.type === 'better-sqlite3' ? '' : ' ON conversation';
    for (const index of indexes) await runner.query(`DROP INDEX conversation_by_${index}${onTable}`);
  }
}
