import { describe, expect, it } from '@jest/globals';
import { Unavailable } from './errors/domain-error.js';
import { GroupCommit } from './group-commit.js';

/** A writer whose writes end when the test says so. */
function controlled({ maxItems = 100, maxSize = 100, maxWaiting = 100 } = {}) {
  const writes: { items: readonly string[]; end: (error?: Error) => void }[] = [];
  const commit = new GroupCommit<string>(
    (items) =>
      new Promise((resolve, reject) => {
        writes.push({ items, end: (error) => (error === undefined ? resolve() : reject(error)) });
      }),
    (error) => error instanceof Unavailable,
    { maxItems, maxSize, maxWaiting, sizeOf: (item) => item.length },
  );
  /** Lets all promises settle that can. */
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return { commit, writes, settle };
}

describe('GroupCommit', () => {
  it('writes at once what finds nothing under way, and together what arrives meanwhile', async () => {
    const { commit, writes, settle } = controlled();
    const all = Promise.all(['a', 'b', 'c'].map((item) => commit.submit('key', item)));
    expect(writes.map(({ items }) => items)).toEqual([['a']]);
    writes[0]?.end();
    await settle();
    expect(writes.map(({ items }) => items)).toEqual([['a'], ['b', 'c']]);
    writes[1]?.end();
    await all;
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

  it('does not let keys wait for each other', () => {
    const { commit, writes } = controlled();
    void commit.submit('one', 'a');
    void commit.submit('two', 'b');
    expect(writes.map(({ items }) => items)).toEqual([['a'], ['b']]);
  });

  it('keeps groups within their bounds', async () => {
    const { commit, writes, settle } = controlled({ maxItems: 3, maxSize: 10 });
    for (const item of ['first', 'aaaa', 'bbbb', 'cccc', 'd', 'e', 'f', 'g', 'x'.repeat(50)])
      void commit.submit('key', item);
    for (let n = 0; n < 6; n++) {
      writes[n]?.end();
      await settle();
    }
    expect(writes.map(({ items }) => items)).toEqual([
      ['first'],
      ['aaaa', 'bbbb'],
      ['cccc', 'd', 'e'],
      ['f', 'g'],
      ['x'.repeat(50)],
    ]);
  });

  it('gives each item its own fate when a group fails', async () => {
    const { commit, writes, settle } = controlled();
    const first = commit.submit('key', 'a');
    const others = Promise.allSettled(['b', 'bad', 'c'].map((item) => commit.submit('key', item)));
    writes[0]?.end();
    await first;
    await settle();
    for (let n = 1; n <= 4; n++) {
      writes[n]?.end(writes[n]?.items.includes('bad') ? new Error('bad') : undefined);
      await settle();
    }
    expect(writes.map(({ items }) => items)).toEqual([['a'], ['b', 'bad', 'c'], ['b'], ['bad'], ['c']]);
    expect((await others).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  it('fails all at once when the failure is for all', async () => {
    const { commit, writes, settle } = controlled();
    const first = commit.submit('key', 'a');
    const others = Promise.allSettled(['b', 'c'].map((item) => commit.submit('key', item)));
    writes[0]?.end();
    await first;
    await settle();
    writes[1]?.end(new Unavailable('down'));
    expect((await others).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(writes).toHaveLength(2);
  });

  it('refuses what would wait behind too many', async () => {
    const { commit } = controlled({ maxWaiting: 1 });
    void commit.submit('key', 'a');
    void commit.submit('key', 'b');
    await expect(commit.submit('key', 'c')).rejects.toBeInstanceOf(Unavailable);
  });
});
