import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createTable } from '../schema/create-table.js';

export class JobLeases1769200000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createTable(runner, 'job_lease', {
      columns: ({ id, time }) => ({
        id: `${id} NOT NULL`,
        holder_id: `${id} NOT NULL`,
        held_until: `${time} NOT NULL`,
      }),
      primaryKey: ['id'],
    });
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE job_lease');
  }
}
