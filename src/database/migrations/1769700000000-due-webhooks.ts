import type { MigrationInterface, QueryRunner } from 'typeorm';
import { addColumns, addIndex } from '../schema/alter-table.js';

const LONG_AGO = "DEFAULT '1970-01-01 00:00:00.000'";

/**
 * What the look over all webhooks goes by: which feeds have moved, and which lanes have something to do besides. Those
 * that are there already, or are opened by the release before, have their first turn at once.
 */
export class DueWebhooks1769700000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await addColumns(runner, 'feed', ({ time }) => ({ published_time: `${time} NOT NULL ${LONG_AGO}` }));
    await addIndex(runner, 'feed', 'feed_by_published_time', ['published_time']);
    await addColumns(runner, 'webhook_lane', ({ time }) => ({ wake_time: `${time} NULL ${LONG_AGO}` }));
    await addIndex(runner, 'webhook_lane', 'webhook_lane_by_wake_time', ['failures', 'wake_time']);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Which webhooks are due would be asked of all of them again.'));
  }
}
