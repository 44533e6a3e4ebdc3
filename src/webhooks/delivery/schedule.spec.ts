import { describe, expect, it } from '@jest/globals';
import { pauseMs, retryAfterMs, retryDelayMs } from './schedule.js';

const middle = () => 0.5;

describe('when an event is sent again', () => {
  it('waits longer after each failure, and gives up after the tenth', () => {
    const minutes = Array.from({ length: 10 }, (_, index) => {
      const delay = retryDelayMs(index + 1, 0, middle);
      return delay === undefined ? undefined : delay / 60_000;
    });
    expect(minutes).toEqual([5 / 60, 5, 30, 120, 300, 600, 840, 1_200, 1_440, undefined]);
  });

  it('spreads each delay by a fifth', () => {
    expect(retryDelayMs(1, 0, () => 0)).toBe(4_000);
    expect(retryDelayMs(1, 0, () => 1)).toBe(6_000);
  });

  it('waits as long as the receiver asks for, if that is longer', () => {
    expect(retryDelayMs(1, 60_000, middle)).toBe(60_000);
    expect(retryDelayMs(2, 60_000, middle)).toBe(300_000);
  });
});

describe('how long a failing receiver is left alone', () => {
  it('doubles from five seconds to five minutes', () => {
    expect([1, 2, 3, 7, 8, 50].map((failures) => pauseMs(failures) / 1000)).toEqual([
      5, 10, 20, 300, 300, 300,
    ]);
  });
});

describe('Retry-After', () => {
  const now = new Date('2026-01-31T08:00:00.000Z');

  it.each([
    [undefined, 0],
    ['', 0],
    ['soon', 0],
    ['0', 0],
    ['90', 90_000],
    [' 90 ', 90_000],
    ['999999', 24 * 60 * 60 * 1000],
    ['Sat, 31 Jan 2026 08:01:00 GMT', 60_000],
    ['Sat, 31 Jan 2026 07:59:00 GMT', 0],
  ])('reads %j as %d ms', (header, milliseconds) => {
    expect(retryAfterMs(header, now)).toBe(milliseconds);
  });
});
