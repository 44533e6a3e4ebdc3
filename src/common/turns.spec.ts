import { describe, expect, it, jest } from '@jest/globals';
import { Unavailable } from './errors/domain-error.js';
import { Turns } from './turns.js';

const turnsOf = (capacity: number, maxWaiting = 100) =>
  new Turns({ capacity, maxWaiting, maxWaitMs: 1_000, detail: 'Busy.' });
const settle = () => new Promise((resolve) => setImmediate(resolve));

/** Asks for many and tells in which order they were given. */
function asking(turns: Turns) {
  const given: string[] = [];
  const releases: (() => void)[] = [];
  const ask = (tenant: string, size = 1) =>
    void turns.take(tenant, size).then(
      (release) => {
        given.push(tenant);
        releases.push(release);
      },
      () => undefined, // the test is over
    );
  return { given, releases, ask };
}

describe('turns of tenants', () => {
  it('leave a fifth to those that have none', async () => {
    const turns = turnsOf(10);
    const { given, ask } = asking(turns);
    for (let n = 0; n < 20; n++) ask('flood');
    await settle();
    expect(given).toHaveLength(8);

    ask('other');
    await settle();

    expect(given.at(-1)).toBe('other');
    expect(turns.free).toBe(1);
  });

  it('let one of each tenant in, however many of one wait', async () => {
    const { given, releases, ask } = asking(turnsOf(1));
    for (let n = 0; n < 5; n++) ask('flood');
    for (const tenant of ['b', 'c', 'b']) ask(tenant);
    for (let n = 0; n < 8; n++) {
      await settle();
      releases[n]?.();
    }
    await settle();
    expect(given).toEqual(['flood', 'flood', 'b', 'c', 'flood', 'b', 'flood', 'flood']);
  });

  it('give large parts too, and to one alone what is more than all', async () => {
    const turns = turnsOf(10);
    const { given, releases, ask } = asking(turns);
    ask('a', 6);
    ask('b', 100);
    ask('c', 1);
    await settle();
    expect(given).toEqual(['a']);

    releases[0]?.();
    await settle();

    expect(given).toEqual(['a', 'b']);
    expect(turns.free).toBe(0);
  });

  it('refuse what would wait behind too many of its own tenant, and nobody else', async () => {
    const turns = turnsOf(1, 2);
    const { ask } = asking(turns);
    for (let n = 0; n < 3; n++) ask('flood');
    await expect(turns.take('flood')).rejects.toThrow(
      new Unavailable('Too many requests of this tenant wait already.'),
    );
    ask('other');
    expect(turns.waiting).toBe(3);
  });

  it('refuse what has waited too long, and count what is given back once', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate'] });
    const turns = turnsOf(1);
    const release = await turns.take('a');
    const late = turns.take('b');
    jest.advanceTimersByTime(1_000);
    await expect(late).rejects.toThrow(new Unavailable('Busy.'));
    release();
    release();
    expect([turns.free, turns.waiting]).toEqual([1, 0]);
    jest.useRealTimers();
  });
});
