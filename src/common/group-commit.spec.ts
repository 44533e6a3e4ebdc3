import { describe, expect, it, jest } from '@jest/globals';
import { Unavailable } from './errors/domain-error.js';
import { GroupCommit } from './group-commit.js';

/** A writer whose writes end when the test says so. */
function controlled({ maxItems = 100, maxSize = 100, maxWaiting = 100 } = {}) {
  const writes: { items: readonly string[]; end: (error?: Error) => void }[] = [];
  const commit = new GroupCommit<string, string>(
    (items) =>
      new Promise((resolve, reject) => {
        writes.push({ items, end: (error) => (error === undefined ? resolve(items) : reject(error)) });
      }),
    (error) => error instanceof Unavailable,
    { maxItems, maxSize, maxWaiting, maxWaitMs: 1_000, sizeOf: (item) => item.length },
  );
  /** Lets all promises settle that can. */
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return { commit, writes, settle };
}

describe('GroupCommit', () => {
  it('writes together what arrives in one turn, and what arrives while a write is under way', async () => {
    const { commit, writes, settle } = controlled();
    const first = ['a', 'b'].map((item) => commit.submit('key', item));
    await settle();
    expect(writes.map(({ items }) => items)).toEqual([['a', 'b']]);
    const second = ['c', 'd'].map((item) => commit.submit('key', item));
    await settle();
    expect(writes).toHaveLength(1);
    writes[0]?.end();
    await Promise.all(first);
    await settle();
    expect(writes.map(({ items }) => items)).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
    writes[1]?.end();
    await Promise.all(second);
  });

  it('lets what arrives in one turn go together where a write ends within its turn, and gives each its result', async () => {
    const writes: (readonly string[])[] = [];
    const commit = new GroupCommit<string, string>(
      (items) => {
        writes.push(items);
        return Promise.resolve(items.map((item) => item.toUpperCase()));
      },
      () => false,
      { maxItems: 100, maxSize: 100, maxWaiting: 100, maxWaitMs: 1_000, sizeOf: ({ length }) => length },
    );
    const results = await Promise.all(['a', 'b', 'c'].map((item) => commit.submit('key', item)));
    expect(writes).toEqual([['a', 'b', 'c']]);
    expect(results).toEqual(['A', 'B', 'C']);
  });

  it('does not acknowledge before the write ends', async () => {
    const { commit, writes, settle } = controlled();
    let acknowledged = false;
    void commit.submit('key', 'a').then(() => (acknowledged = true));
    await settle();
    expect(acknowledged).toBe(false);
    writes[0]?.end();
    await settle();
    expect(acknowledged).toBe(true);
  });

  it('does not let keys wait for each other', async () => {
    const { commit, writes, settle } = controlled();
    void commit.submit('one', 'a');
    void commit.submit('two', 'b');
    await settle();
    expect(writes.map(({ items }) => items)).toEqual([['a'], ['b']]);
  });

  it('keeps groups within their bounds', async () => {
    const { commit, writes, settle } = controlled({ maxItems: 3, maxSize: 10 });
    for (const item of ['aaaa', 'bbbb', 'cccc', 'd', 'e', 'f', 'g', 'x'.repeat(50)])
      void commit.submit('key', item);
    for (let n = 0; n < 5; n++) {
      await settle();
      writes[n]?.end();
      await settle();
    }
    expect(writes.map(({ items }) => items)).toEqual([
      ['aaaa', 'bbbb'],
      ['cccc', 'd', 'e'],
      ['f', 'g'],
      ['x'.repeat(50)],
    ]);
  });

  it('takes one of each line in turn, however many wait in one', async () => {
    const writes: (readonly string[])[] = [];
    const commit = new GroupCommit<string, void>(
      async (items) => {
        writes.push(items);
        await new Promise((resolve) => setImmediate(resolve));
        return items.map(() => undefined);
      },
      () => false,
      {
        maxItems: 4,
        maxSize: 100,
        maxWaiting: 6,
        maxWaitMs: 1_000,
        sizeOf: () => 1,
        lineOf: ([line = '']) => line,
      },
    );
    const items = ['a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'b1', 'c1', 'b2'];

    const all = items.map((item) => commit.submit('key', item));
    await expect(commit.submit('key', 'a7')).rejects.toBeInstanceOf(Unavailable);
    await Promise.all(all);

    expect(writes).toEqual([['a1', 'b1', 'c1', 'a2'], ['b2', 'a3', 'a4', 'a5'], ['a6']]);
  });

  it('gives each item its own fate when a group fails', async () => {
    const { commit, writes, settle } = controlled();
    const all = Promise.allSettled(['a', 'bad', 'c'].map((item) => commit.submit('key', item)));
    for (let n = 0; n < 4; n++) {
      await settle();
      writes[n]?.end(writes[n]?.items.includes('bad') ? new Error('bad') : undefined);
    }
    expect(writes.map(({ items }) => items)).toEqual([['a', 'bad', 'c'], ['a'], ['bad'], ['c']]);
    expect((await all).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  it('fails all at once when the failure is for all', async () => {
    const { commit, writes, settle } = controlled();
    const all = Promise.allSettled(['a', 'b'].map((item) => commit.submit('key', item)));
    await settle();
    writes[0]?.end(new Unavailable('down'));
    expect((await all).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(writes).toHaveLength(1);
  });

  it('refuses what would wait behind too many', async () => {
    const { commit } = controlled({ maxWaiting: 2 });
    void commit.submit('key', 'a');
    void commit.submit('key', 'b');
    await expect(commit.submit('key', 'c')).rejects.toBeInstanceOf(Unavailable);
  });

  it('refuses what has waited too long, and goes on with what has not', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate'] });
    const { commit, writes, settle } = controlled();
    const first = commit.submit('key', 'first');
    await settle();
    const late = commit.submit('key', 'late');
    jest.advanceTimersByTime(1);
    const inTime = commit.submit('key', 'in time');
    jest.advanceTimersByTime(999);
    await expect(late).rejects.toBeInstanceOf(Unavailable);

    writes[0]?.end();
    await Promise.all([first, settle()]);
    await settle();
    expect(writes.map(({ items }) => items)).toEqual([['first'], ['in time']]);
    jest.advanceTimersByTime(1_000);
    writes[1]?.end();
    await inTime;
    jest.useRealTimers();
  });
});
