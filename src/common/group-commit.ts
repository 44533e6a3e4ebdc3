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
  /** Items that may wait in one line; further ones are refused with Unavailable. */
  maxWaiting: number;
  /** How long an item may wait for its write to begin, before it is refused with Unavailable. */
  maxWaitMs: number;
  sizeOf: (item: Item) => number;
  /** Whose turn an item takes: those of one key are then taken from each line in turn. Without it a key has one line. */
  lineOf?: (item: Item) => string;
}

/** What waits, in lines; the line whose turn is next first. */
type Lines<Item, Result> = Map<string, Waiting<Item, Result>[]>;

/**
 * Writes together what arrives in one turn of the event loop, or while the write before is under way. Items of one
 * key and line are written in the order in which they came, those of one key never at the same time; a group that fails
 * is written again one by one, so that each item has its own fate. No item waits for others to come. What is read may go together in the same way.
 */
export class GroupCommit<Item, Result> {
  readonly #queues = new Map<string, Lines<Item, Result>>();

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
      const lines = this.#queues.get(key) ?? this.#open(key);
      const name = this.limits.lineOf?.(item) ?? '';
      const line = lines.get(name) ?? [];
      lines.set(name, line);
      if (line.length >= this.limits.maxWaiting) {
        failed(new Unavailable('Too many writes wait for one place.'));
        return;
      }
      const timer = setTimeout(() => {
        line.splice(line.indexOf(waiting), 1);
        if (line.length === 0) lines.delete(name);
        failed(new Unavailable('The writes before this one took too long.'));
      }, this.limits.maxWaitMs);
      const waiting = { item, timer, done, failed };
      line.push(waiting);
    });
  }

  #open(key: string): Lines<Item, Result> {
    const lines: Lines<Item, Result> = new Map();
    this.#queues.set(key, lines);
    void this.#drain(key, lines);
    return lines;
  }

  async #drain(key: string, lines: Lines<Item, Result>): Promise<void> {
    do {
      // What is read from the sockets now belongs to the group too: SQLite writes within one turn, so that nothing
      // could arrive meanwhile.
      await nextTurn();
      const group = this.#takeGroup(lines);
      for (const { timer } of group) clearTimeout(timer);
      await this.#writeGroup(group);
    } while (lines.size > 0);
    this.#queues.delete(key);
  }

  /** As many as a group may hold, one of each line in turn. */
  #takeGroup(lines: Lines<Item, Result>): Waiting<Item, Result>[] {
    const group: Waiting<Item, Result>[] = [];
    let size = 0;
    for (const [name, line] of lines) {
      const [next] = line;
      if (!next) continue;
      size += this.limits.sizeOf(next.item);
      if (group.length === this.limits.maxItems || (group.length > 0 && size > this.limits.maxSize)) break;
      group.push(next);
      line.shift();
      // A line that goes on is put behind all others, where this loop comes to it again.
      lines.delete(name);
      if (line.length > 0) lines.set(name, line);
    }
    return group;
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
