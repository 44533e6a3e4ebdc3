import type { MigrationInterface, QueryRunner } from 'typeorm';
import { columnTypesOf } from '../column-types.js';

export class Idempotency1768100000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const { id, longText, bytes, time, count, tableOptions } = columnTypesOf(runner);
    await runner.query(`
      CREATE TABLE idempotency_record (
        tenant_id ${id} NOT NULL,
        id ${id} NOT NULL,
        tenant_unit_id ${id} NULL,
        fingerprint ${id} NOT NULL,
        status ${count} NOT NULL,
        headers ${longText} NOT NULL,
        body ${bytes} NOT NULL,
        expires_time ${time} NOT NULL,
        PRIMARY KEY (tenant_id, id)
      )${tableOptions}`);
    await runner.query('CREATE INDEX idempotency_record_by_expiry ON idempotency_record (expires_time)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE idempotency_record');
  }
}
