import { stat } from 'node:fs/promises';
import type { Colloquy } from '@colloquy/client';
import { CannotRun, reasonOf } from '../errors.js';
import type { ConversationDraft, MessageDraft } from '../formats/draft.js';
import { Unreadable } from '../formats/draft.js';
import { Recogniser } from '../formats/recognise.js';
import type { ReadCount } from '../reading/bytes.js';
import { NOTHING_KNOWN, type Reading, readFile } from '../reading/reader.js';
import { endsTheRun, explain } from '../service.js';
import { type FitOptions, fit, Names, type NewConversation } from './fit.js';
import type { Rejects } from './rejects.js';
import { store } from './store.js';

export interface ImportOptions extends FitOptions {
  files: readonly string[];
  format?: string | undefined;
  /** Make conversations of the ways that were not shown, too. */
  allBranches: boolean;
  concurrency: number;
}

/** What an import has done so far. */
export interface ImportCounts {
  conversations: number;
  messages: number;
  /** Conversations to which messages were added. */
  continued: number;
  /** Conversations that were there with all their messages. */
  alreadyThere: number;
  leftOut: number;
  /** Ways of conversations that were not shown, and not asked for. */
  branches: number;
}

interface ImportWatcher {
  /** Something to tell a person: what a file was recognised as, what was left out. */
  note(text: string): void;
}

/** Why it ended before the last conversation. */
type End = 'complete' | 'interrupted' | 'service-failed';

/** One conversation to store, and where it comes from. */
interface Task {
  place: string;
  entries: readonly unknown[];
  conversation: NewConversation;
}

/** Reads files, and stores what is in them in order of the files, several conversations at the same time. */
export class Importer {
  readonly counts: ImportCounts = {
    conversations: 0,
    messages: 0,
    continued: 0,
    alreadyThere: 0,
    leftOut: 0,
    branches: 0,
  };
  readonly #read: ReadCount = { bytes: 0 };
  end: End = 'complete';
  /** Whether anything was recognised at all. */
  isKnown = false;

  constructor(
    private readonly options: ImportOptions,
    private readonly watcher: ImportWatcher,
    private readonly rejects: Rejects,
    private readonly signal?: AbortSignal,
  ) {}

  /** How far it is in its files. */
  get bytes(): number {
    return this.#read.handedOn ?? this.#read.bytes;
  }

  /** Throws CannotRun for a file that is not there. */
  async totalBytes(): Promise<number> {
    const sizes = this.options.files.map(async (file) => {
      if (file === '-') return 0;
      const { size } = await stat(file).catch((error: unknown) => {
        throw new CannotRun(`cannot read ${file}: ${reasonOf(error)}`);
      });
      return size;
    });
    return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
  }

  /** Sends everything. What cannot be taken is told of and counted; throws CannotRun where a file cannot be read. */
  async run(service: Colloquy): Promise<void> {
    const tasks = this.tasks();
    const work = async () => {
      for await (const task of tasks) {
        if (this.#hasEnded()) return;
        await this.#store(service, task);
      }
    };
    await Promise.all(Array.from({ length: this.options.concurrency }, work));
  }

  /** All conversations of the files; for a dry run too. */
  async *tasks(): AsyncGenerator<Task, void> {
    for (const file of this.options.files) {
      yield* this.#tasksIn(file);
      if (this.#hasEnded()) return;
    }
  }

  async *#tasksIn(file: string): AsyncGenerator<Task, void> {
    const recogniser = new Recogniser(this.options.format);
    const names = new Names();
    const told = new Set<string>();
    const known = new Set<string>();
    const held = new Map<string, Reading[]>();
    for await (const reading of readFile(file, recogniser, this.#read)) {
      if (this.#hasEnded()) return;
      const { format, source } = reading;
      const faults = held.get(source) ?? [];
      // A text of which nothing is known gets one sentence, not one a line.
      if (!format && !known.has(source)) {
        if (faults.length < MAX_HELD) faults.push(reading);
        held.set(source, faults);
        continue;
      }
      const name = `${source}: ${format?.title ?? ''}`;
      if (format && !told.has(name)) {
        this.watcher.note(name);
        told.add(name);
        known.add(source);
        this.isKnown = true;
      }
      held.delete(source);
      for (const fault of faults) await this.#readingFails(fault);
      if ('fault' in reading) await this.#readingFails(reading);
      else yield* this.#tasksOf(reading, names);
    }
    if (known.size === 0) {
      this.counts.leftOut += 1;
      this.watcher.note(unknownFile(file, [...held.values()][0]?.[0]));
      return;
    }
    for (const [source, faults] of held) {
      // An archive has more in it than chats.
      if (faults.every((fault) => 'fault' in fault && fault.fault === NOTHING_KNOWN))
        this.watcher.note(`${source}: no chats`);
      else for (const fault of faults) await this.#readingFails(fault);
    }
  }

  async *#tasksOf(
    reading: Extract<Reading, { draft: ConversationDraft }>,
    names: Names,
  ): AsyncGenerator<Task, void> {
    const { draft, format, entries } = reading;
    const { branches = [], ...shown } = draft;
    const place = placeOf(reading);
    const ways: { messages: MessageDraft[]; id?: string }[] = [{ messages: shown.messages }];
    if (this.options.allBranches) ways.push(...branches);
    else this.counts.branches += branches.length;
    for (const { messages, id } of ways) {
      const way = { ...shown, messages };
      const where = id === undefined ? place : `${place}, branch ${id.slice(0, 64)}`;
      try {
        yield {
          place: where,
          entries,
          conversation: fit(way, names.nameOf(way, format.name, id), this.options),
        };
      } catch (error) {
        if (!(error instanceof Unreadable)) throw error;
        await this.#leaveOut(where, error.message, entries);
      }
    }
  }

  async #store(service: Colloquy, { place, entries, conversation }: Task): Promise<void> {
    try {
      const { messages, isNew } = await store(service, conversation, this.signal);
      this.counts.messages += messages;
      if (isNew) this.counts.conversations += 1;
      else if (messages > 0) this.counts.continued += 1;
      else this.counts.alreadyThere += 1;
    } catch (error) {
      if (this.signal?.aborted === true) {
        this.end = 'interrupted';
        return;
      }
      await this.#leaveOut(place, error instanceof Unreadable ? error.message : explain(error), entries);
      if (endsTheRun(error)) this.end = 'service-failed';
    }
  }

  #readingFails(reading: Reading): Promise<void> {
    return this.#leaveOut(placeOf(reading), 'fault' in reading ? reading.fault : '', reading.entries);
  }

  async #leaveOut(place: string, reason: string, entries: readonly unknown[]): Promise<void> {
    this.counts.leftOut += 1;
    this.watcher.note(`${place}: ${reason}; left out`);
    await this.rejects.add(entries);
  }

  #hasEnded(): boolean {
    if (this.end === 'complete' && this.signal?.aborted === true) this.end = 'interrupted';
    return this.end !== 'complete';
  }
}

/** What is not yet known is held up to here. */
const MAX_HELD = 1000;

const placeOf = ({ source, place }: Reading) => (place === '' ? source : `${source}, ${place}`);

function unknownFile(file: string, fault: Reading | undefined): string {
  const reason =
    fault && 'fault' in fault && fault.fault !== NOTHING_KNOWN ? ` (${placeOf(fault)}: ${fault.fault})` : '';
  return `${file} holds no chat history that is known${reason}; --help lists what is, and --format names one`;
}
