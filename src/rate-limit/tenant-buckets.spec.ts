import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LocalBuckets } from './tenant-buckets.js';

const START_MS = Date.parse('2026-01-31T08:00:00.000Z');

/** Buckets with a clock that stands still until it is moved. */
function bucketsOf(requestsPerSecond: number, burst: number, maxBuckets?: number) {
  let timeMs = START_MS;
  const buckets = new LocalBuckets({ requestsPerSecond, burst }, maxBuckets, () => new Date(timeMs));
  const take = (tenant = 'acme') => buckets.take(tenant);
  return {
    buckets,
    take,
    /** How many of so many requests at once are allowed. */
    allowedOf: (requests: number, tenant?: string) =>
      Array.from({ length: requests }, () => take(tenant)).filter(({ allowed }) => allowed).length,
    pass: (ms: number) => (timeMs += ms),
  };
}

describe('a token bucket', () => {
  it('is full at first, and says what is left and when there is more', () => {
    const { take } = bucketsOf(10, 3);
    expect([take(), take(), take(), take()]).toEqual([
      { allowed: true, remaining: 2, nextTokenMs: 100 },
      { allowed: true, remaining: 1, nextTokenMs: 100 },
      { allowed: true, remaining: 0, nextTokenMs: 100 },
      { allowed: false, remaining: 0, nextTokenMs: 100 },
    ]);
  });

  it('refills steadily: not a millisecond too early, none lost to rounding', () => {
    const { allowedOf, take, pass } = bucketsOf(3, 6);
    allowedOf(6);

    pass(333);
    expect(take()).toEqual({ allowed: false, remaining: 0, nextTokenMs: 1 });
    pass(1);
    expect(take()).toEqual({ allowed: true, remaining: 0, nextTokenMs: 333 });
    pass(666);
    expect(allowedOf(10)).toBe(2);
    for (let i = 0; i < 1000; i++) pass(1);
    expect(allowedOf(10)).toBe(3);
  });

  it('never holds more than the burst', () => {
    const { allowedOf, pass } = bucketsOf(10, 20);
    allowedOf(5);
    pass(365 * 24 * 60 * 60 * 1000);
    expect(allowedOf(100)).toBe(20);
  });

  it('is not emptied further by what it refuses', () => {
    const { allowedOf, pass } = bucketsOf(10, 10);
    allowedOf(1000);
    pass(1000);
    expect(allowedOf(1000)).toBe(10);
  });

  it('goes on refilling when the clock was set back', () => {
    const { allowedOf, take, pass } = bucketsOf(10, 10);
    allowedOf(10);
    pass(-60_000);
    expect(take().allowed).toBe(false);
    pass(500);
    expect(allowedOf(10)).toBe(5);
  });

  it.each([
    [1, 1, 1000],
    [1, 5, 1000],
    [999, 1, 2],
    [100_000, 1, 1],
  ])('of %d a second and %d at most has its next token after %d ms', (rate, burst, nextTokenMs) => {
    const { allowedOf, take, pass } = bucketsOf(rate, burst);
    allowedOf(burst);
    expect(take()).toEqual({ allowed: false, remaining: 0, nextTokenMs });
    pass(nextTokenMs);
    expect(take().allowed).toBe(true);
  });

  it('allows in any time no more than the burst and what was refilled, and keeps its promises', () => {
    const request = fc.record({ afterMs: fc.nat(2000), requests: fc.nat(30) });
    const rates = fc.record({
      rate: fc.integer({ min: 1, max: 50 }),
      burst: fc.integer({ min: 1, max: 20 }),
    });
    fc.assert(
      fc.property(rates, fc.array(request), ({ rate, burst }, requests) => {
        const { take, pass } = bucketsOf(rate, burst);
        let passedMs = 0;
        let allowed = 0;
        let promised = burst;
        for (const { afterMs, requests: atOnce } of requests) {
          pass(afterMs);
          passedMs += afterMs;
          for (let i = 0; i < atOnce; i++) {
            const answer = take();
            if (answer.allowed) allowed++;
            else expect(promised).toBe(0);
            promised = answer.remaining;
          }
          if (atOnce === 0) promised = 0; // time has passed since it was made
        }
        expect(allowed * 1000).toBeLessThanOrEqual(burst * 1000 + passedMs * rate);
      }),
    );
  });
});

describe('the buckets of a replica', () => {
  it('are one for each tenant: the flood of one costs another nothing', () => {
    const { allowedOf } = bucketsOf(1, 10);
    expect(allowedOf(10_000, 'flood')).toBe(10);
    expect(allowedOf(10, 'acme')).toBe(10);
    expect(allowedOf(10, 'Acme')).toBe(10);
  });

  it('stay few, however many tenants there are: those not used for longest are forgotten', () => {
    const { buckets, take, allowedOf } = bucketsOf(1, 2, 100);
    for (let i = 0; i < 100; i++) allowedOf(2, `tenant-${i}`);
    take('tenant-0');

    for (let i = 0; i < 50; i++) take(`newcomer-${i}`);

    expect(buckets.size).toBe(100);
    expect(take('tenant-0').allowed).toBe(false);
    expect(take('tenant-99').allowed).toBe(false);
    expect(take('tenant-1').allowed).toBe(true);
  });

  it('are bounded by default', () => {
    const { buckets, take } = bucketsOf(1, 2);
    for (let i = 0; i < 12_000; i++) take(`tenant-${i}`);
    expect(buckets.size).toBe(10_000);
  });
});
