import { describe, expect, it } from '@jest/globals';
import { RequestFailed } from './import-errors.js';
import { parseRetryAfter, withRetries } from './retry.js';

describe('parseRetryAfter', () => {
  it.each([
    [null, 0],
    ['2', 2_000],
    ['Thu, 01 Jan 2026 00:00:05 GMT', 5_000],
    ['Thu, 01 Jan 2020 00:00:00 GMT', 0],
    ['soon', 0],
  ])('reads %s as %d ms', (header, waitMs) => {
    expect(parseRetryAfter(header, Date.UTC(2026, 0, 1))).toBe(waitMs);
  });
});

describe('withRetries', () => {
  it.each([
    ['no answer', new RequestFailed('', null)],
    ['429', new RequestFailed('', 429)],
    ['503', new RequestFailed('', 503)],
    ['a first try that still runs', new RequestFailed('', 409, 'idempotency_in_progress')],
  ])('repeats after %s', async (_what, failure) => {
    let attempts = 0;

    const answer = await withRetries(() =>
      (attempts += 1) === 1 ? Promise.reject(failure) : Promise.resolve('x'),
    );

    expect([answer, attempts]).toEqual(['x', 2]);
  });

  it('repeats nothing else', async () => {
    let attempts = 0;
    const failure = new RequestFailed('', 500);

    const answer = withRetries(() => ((attempts += 1), Promise.reject(failure)));

    await expect(answer).rejects.toBe(failure);
    expect(attempts).toBe(1);
  });
});
