import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { FeedMarksRepository } from '../../src/events/feed-marks.repository.js';
import { createTestApp } from '../support/create-test-app.js';
import { isCi } from '../support/machine.js';
import { redisPath, TestRedis } from '../support/redis.js';
import { until } from '../support/until.js';

const WITHIN_MS = 8_000;
const HEARD = 'Replicas tell each other through Redis what they publish.';
const LOST = 'Redis cannot be used: replicas look for what others publish.';

if (testEngine === 'sqlite')
  it.skip('replicas are told by Redis: SQLite has one process, which need not be told', () => undefined);
else if (!redisPath && !isCi)
  it.skip('replicas are told by Redis: no redis-server was found; apt-get install redis-server', () =>
    undefined);
else {
  const redis = await TestRedis.onFreePort();
  await redis.start();
  const environment = { REDIS_URL: redis.url };
  const publishing = await createTestApp({ environment });
  const { databaseUrl } = publishing;
  const waiting = await createTestApp({ databaseUrl, environment: { ...environment, ROLES: 'api' } });
  afterAll(() => redis.stop());

  /** By both of them. */
  const told = (message: string) =>
    [...publishing.logs, ...waiting.logs].filter((line) => line.message === message).length;
  /** What a request hears that waits at one replica while another one writes and publishes. */
  const hear = async (tenant: string): Promise<unknown[]> => {
    const reader = waiting.as({ tenant });
    const { body: end } = await reader.get('/events', { query: { after: 'latest' } });
    const answer = reader.get('/events', { query: { after: end.next_after, wait: '8' } });
    await publishing.as({ tenant }).post('/conversations');
    return (await answer).body.data;
  };

  describe('a replica that waits', () => {
    it('is told by Redis that another one has published, without a look', async () => {
      await until('both listen', () => told(HEARD) === 2, WITHIN_MS);
      const { promise, resolve } = Promise.withResolvers<[]>();
      const look = jest.spyOn(waiting.app.get(FeedMarksRepository), 'listIn').mockReturnValue(promise);

      expect(await hear('told')).toHaveLength(1);

      look.mockRestore();
      resolve([]);
    });

    it('looks while Redis is down, and is told again afterwards', async () => {
      await redis.stop();
      await until('both have noticed', () => told(LOST) === 2, WITHIN_MS);
      expect(await hear('looking')).toHaveLength(1);

      await redis.start();
      await until('both listen again', () => told(HEARD) === 4, WITHIN_MS);
      expect([told(LOST), await hear('told-again')]).toEqual([2, [expect.anything()]]);
    });
  });
}
