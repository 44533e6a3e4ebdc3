import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, describe, expect, it } from '@jest/globals';
import { newId } from '../../src/common/ids.js';
import { createTestApp } from '../support/create-test-app.js';
import { isCi } from '../support/machine.js';
import { redisPath, TestRedis } from '../support/redis.js';

const reason = redisPath ? '' : ' (skipped: no redis-server was found; apt-get install redis-server)';

const BURST = 40;
const SHARED = 'Rate limits are shared through Redis.';
const LOCAL = 'Redis cannot be used: rate limits are those of this replica alone.';

const redis = await TestRedis.onFreePort();
const environment = { RATE_LIMIT: '1', RATE_LIMIT_BURST: String(BURST), REDIS_URL: redis.url };
const first = await createTestApp({ environment });
const second = await createTestApp({ environment, databaseUrl: first.databaseUrl });

(redisPath || isCi ? describe : describe.skip)(`the rate limits of two replicas${reason}`, () => {
  afterAll(() => redis.stop());

  const told = (message: string) =>
    [first, second].flatMap(({ logs }) => logs).filter((line) => line.message === message);

  async function untilLogged(message: string, times: number): Promise<void> {
    while (told(message).length < times) await delay(10);
  }

  /** Sends so many requests of one tenant to the replicas in turn, and counts the answers by status. */
  async function send(requests: number, tenant: string = newId()): Promise<Record<number, number>> {
    const [one, other] = [first.as({ tenant }), second.as({ tenant })];
    const counts: Record<number, number> = {};
    const answers = Array.from({ length: requests }, (_, i) => (i % 2 ? other : one).get('/conversations'));
    for (const { status, headers } of await Promise.all(answers)) {
      counts[status] = (counts[status] ?? 0) + 1;
      expect(headers.ratelimit).toMatch(/^"default";r=\d+;t=1$/);
    }
    return counts;
  }

  /** How many of so many requests are allowed, without those for which there was a refill meanwhile. */
  async function burstOf(requests: number): Promise<number | undefined> {
    const start = performance.now();
    const { 200: allowed = 0, 429: refused = 0 } = await send(requests);
    const refilled = Math.ceil((performance.now() - start) / 1000);
    expect(allowed + refused).toBe(requests);
    const bursts = [BURST, 2 * BURST];
    return bursts.find((burst) => allowed >= burst && allowed <= burst + refilled);
  }

  it('are those of each replica as long as there is no Redis', async () => {
    await untilLogged(LOCAL, 2);
    expect(await burstOf(3 * BURST)).toBe(2 * BURST);
  });

  it('are one with Redis, exact also when requests come at once', async () => {
    await redis.start();
    await untilLogged(SHARED, 2);
    expect(await burstOf(3 * BURST)).toBe(BURST);
  });

  it('are each tenant its own', async () => {
    const tenant = newId();
    await send(BURST, newId());
    await send(1, tenant);
    const { headers } = await second.as({ tenant }).get('/conversations');
    expect(headers.ratelimit).toBe(`"default";r=${BURST - 2};t=1`);
  });

  it('leave nothing behind in Redis when they are full again', async () => {
    const tenant = newId();
    await send(10, tenant);
    const lifetimeMs = await redis.client?.pttl(`colloquy:rate-limit:${tenant}`);
    expect(lifetimeMs).toBeGreaterThan(0);
    expect(lifetimeMs).toBeLessThanOrEqual(10_000);
  });

  it.each([
    { state: 'does not answer', fail: () => redis.pause(), recover: () => redis.resume() },
    { state: 'is down', fail: () => redis.stop(), recover: () => redis.start() },
  ])(
    'are those of each replica while Redis $state, and shared again afterwards',
    async ({ fail, recover }) => {
      const [local, shared] = [told(LOCAL).length, told(SHARED).length];
      await fail();

      expect(await burstOf(3 * BURST)).toBe(2 * BURST);
      await untilLogged(LOCAL, local + 2);
      expect(await burstOf(3 * BURST)).toBe(2 * BURST);
      await recover();
      await untilLogged(SHARED, shared + 2);
      expect(await burstOf(3 * BURST)).toBe(BURST);
      expect([told(LOCAL).length, told(SHARED).length]).toEqual([local + 2, shared + 2]);
    },
  );

  it('tell no log the password', () => {
    const lines = JSON.stringify([first.logs, second.logs]);
    expect(lines).toContain(LOCAL);
    expect(lines).not.toMatch(/secret|redis:/);
  });
});
