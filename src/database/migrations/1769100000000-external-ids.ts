import type { MigrationInterface, QueryRunner } from 'typeorm';
import { widenColumn } from '../schema/alter-table.js';

const WIDENED = {
  conversation: ['assignment_id', 'user_id'],
  message: ['run_id', 'user_id'],
};

/** Ids that identity providers and other systems make have up to 255 characters. */
export class ExternalIds1769100000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const [table, columns] of Object.entries(WIDENED))
      for (const column of columns)
        await widenColumn(runner, table, column, (types) => `${types.externalId} NULL`);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Ids that are longer now would be cut.'));
  }
}
