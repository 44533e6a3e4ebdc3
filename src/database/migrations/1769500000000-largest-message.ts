import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addColumns } from '../schema/alter-table.js';

/** Of conversations that are there already it is not known how large their messages are. */
export class LargestMessage1769500000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await addColumns(runner, 'conversation', ({ count }) => ({ largest_message: `${count} NULL` }));
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Large pages would be held in memory again.'));
  }
}
