import { describe, expect, it } from '@jest/globals';
import { loadConfig } from '../config/load-config.js';

const rateLimitWith = (environment: Record<string, string>) => loadConfig({ environment }).rateLimit;

describe('the configuration of the rate limit', () => {
  it('has none unless RATE_LIMIT is set', () => {
    expect(rateLimitWith({})).toBeUndefined();
    expect(rateLimitWith({ RATE_LIMIT: '', REDIS_URL: 'redis://localhost' })).toBeUndefined();
  });

  it('allows a burst of two seconds unless RATE_LIMIT_BURST says otherwise', () => {
    expect(rateLimitWith({ RATE_LIMIT: '50' })).toEqual({
      requestsPerSecond: 50,
      burst: 100,
    });
    expect(rateLimitWith({ RATE_LIMIT: '50', RATE_LIMIT_BURST: '1' })?.burst).toBe(1);
  });

  it.each(['redis://localhost', 'redis://u:p%25@r.example:6380/3', 'rediss://:p@[::1]:6379/?family=6'])(
    'takes the Redis %s',
    (REDIS_URL) => {
      expect(loadConfig({ environment: { REDIS_URL } }).redisUrl).toBe(REDIS_URL);
    },
  );

  it.each([
    ['RATE_LIMIT', ['0', '-1', '1.5', 'ten', '100001']],
    ['RATE_LIMIT_BURST', ['0', '1000001', 'x']],
    [
      'REDIS_URL',
      [
        'hidden.example:6379',
        'redis:hidden',
        'REDISS://hidden',
        'redis://',
        'http://hidden',
        'redis://:hidden%@host',
        'redis://host/hidden',
      ],
    ],
  ])('is told of a fault in %s, without its value', (name, values) => {
    for (const value of values) {
      const load = () => rateLimitWith({ RATE_LIMIT: '1', [name]: value });
      expect(load).toThrow(new RegExp(`1 fault:\n {2}- ${name} must be `));
      expect(load).not.toThrow('hidden');
    }
  });

  it('refuses a burst without a limit', () => {
    expect(() => rateLimitWith({ RATE_LIMIT_BURST: '5' })).toThrow('RATE_LIMIT_BURST needs RATE_LIMIT');
  });
});
