import { setImmediate as nextTurn } from 'node:timers/promises';
import { Unavailable } from './errors/domain-error.js';

interface Waiting<Item, Result> {
  item: Item;
  timer: NodeJS.Timeout;
  done: (result: Result) => void;
  failed: (error: unknown) => void;
}

interface Limits<Item> {
  /** How much a group may hold, in the unit of `sizeOf`; a single item may be larger. */
  maxSize: number;
  maxItems: number;
  /** Items that may wait behind one key; further ones are refused with Unavailable. */
  maxWaiting: number;
  /** How long an item may wait for its write to begin, before it is refused with Unavailable. */
  maxWaitMs: number;
  sizeOf: (item: Item) => number;
}

/**
 * Writes together what arrives in one turn of the event loop, or while the write before is under way. Items of one
 * key are written in the order in which they came and never at the same time; a group that fails is written again one
 * by one, so that each item has its own fate. No item waits for others to come.
 */
export class GroupCommit<Item, Result> {
  readonly #queues = new Map<string, Waiting<Item, Result>[]>();

  /**
   * `write` writes all items or none, and gives the result of each. Where `concernsAll`, its failure is that of every
   * item and nothing is tried again.
   */
  constructor(
    private readonly write: (items: readonly Item[]) => Promise<readonly Result[]>,
    private readonly concernsAll: (error: unknown) => boolean,
    private readonly limits: Limits<Item>,
  ) {}

  /** Resolves with its result when the item is committed. Throws what its write throws. */
  submit(key: string, item: Item): Promise<Result> {
    return new Promise((done, failed) => {
      const queue = this.#queues.get(key) ?? this.#open(key);
      if (queue.length >= this.limits.maxWaiting) {
        failed(new Unavailable('Too many writes wait for one place.'));
        return;
      }
      const timer = setTimeout(() => {
        queue.splice(queue.indexOf(waiting), 1);
        failed(new Unavailable('The writes before this one took too long.'));
      }, this.limits.maxWaitMs);
      const waiting = { item, timer, done, failed };
      queue.push(waiting);
    });
  }

  #open(key: string): Waiting<Item, Result>[] {
    const queue: Waiting<Item, Result>[] = [];
    this.#queues.set(key, queue);
    void this.#drain(key, queue);
    return queue;
  }

  async #drain(key: string, queue: Waiting<Item, Result>[]): Promise<void> {
    do {
      // What is read from the sockets now belongs to the group too: SQLite writes within one turn, so that nothing
      // could arrive meanwhile.
      await nextTurn();
      const group = queue.splice(0, this.#groupLength(queue));
      for (const { timer } of group) clearTimeout(timer);
      await this.#writeGroup(group);
    } while (queue.length > 0);
    this.#queues.delete(key);
  }

  #groupLength(queue: readonly Waiting<Item, Result>[]): number {
    let size = 0;
    const end = queue.findIndex(({ item }, index) => {
      size += this.limits.sizeOf(item);
      return index === this.limits.maxItems || (index > 0 && size > this.limits.maxSize);
    });
    return end === -1 ? queue.length : end;
  }

  async #writeGroup(group: readonly Waiting<Item, Result>[]): Promise<void> {
    if (group.length === 0) return;
    try {
      const results = await this.write(group.map(({ item }) => item));
      for (const [index, result] of results.entries()) group[index]?.done(result);
    } catch (error) {
      if (group.length === 1 || this.concernsAll(error)) for (const { failed } of group) failed(error);
      else for (const one of group) await this.#writeGroup([one]);
    }
  }
}
