import { describe, expect, it } from '@jest/globals';
import { RateLimitError } from '../src/errors.js';
import { caught } from './support/caught.js';
import { startService, watchAttempts } from './support/service.js';

const service = await startService({ RATE_LIMIT: '10', RATE_LIMIT_BURST: '10' });

describe('a flood', () => {
  it('of 429 is waited out, at the pace that the service asks for', async () => {
    const { attempts, onAttempt } = watchAttempts();
    const { conversations } = service.client({ onAttempt, maxRetries: 20 });

    const created = await Promise.all(Array.from({ length: 25 }, () => conversations.create()));

    expect(new Set(created.map(({ id }) => id)).size).toBe(25);
    const refused = attempts.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(0);
    // What was asked for, or a little more, so that not all come back at once.
    const waits = refused.map(({ retryInMs }) => retryInMs ?? 0);
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(1000);
    expect(new Set(waits).size).toBe(waits.length);
  });

  it('that does not end is told', async () => {
    const { conversations } = service.client({ maxRetries: 0 });
    const flood = Array.from({ length: 15 }, () => caught(conversations.create()));

    const error = (await Promise.all(flood)).find(Boolean);

    expect(error).toBeInstanceOf(RateLimitError);
    expect(error).toMatchObject({ status: 429, code: 'rate_limited' });
  });
});
