import { describe, expect, it, jest } from '@jest/globals';
import { atMostEvery } from './at-most-every.js';

describe('atMostEvery', () => {
  it('begins once in an interval, and not while it runs', async () => {
    let now = 0;
    jest.spyOn(performance, 'now').mockImplementation(() => now);
    const running: PromiseWithResolvers<number>[] = [];
    const ask = atMostEvery(1_000, () => {
      const work = Promise.withResolvers<number>();
      running.push(work);
      return work.promise;
    });

    const first = [ask(), ask()];
    now = 5_000;
    first.push(ask());
    expect(running).toHaveLength(1);
    running[0]?.resolve(1);
    expect(await Promise.all(first)).toEqual([1, 1, 1]);

    const second = ask();
    running[1]?.reject(new Error('two'));
    await expect(second).rejects.toThrow('two');
    now = 5_999;
    await expect(ask()).rejects.toThrow('two');
    now = 6_000;
    void ask();
    expect(running).toHaveLength(3);
    jest.restoreAllMocks();
  });
});
