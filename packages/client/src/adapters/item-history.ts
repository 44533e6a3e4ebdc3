import type { Colloquy } from '../client.js';
import type { NewMessage } from '../messages.js';
import type { MessageFrom, Message } from '../openapi.gen.js';
import { SessionLog, type SessionOptions } from './session-log.js';
import { plainText, sameJson, wellFormed } from './text.js';

/** How an object of a framework is a message. */
export interface Codec<Item> {
  /** Type of the part that holds the object as it is. */
  part: string;
  isItem: (value: unknown) => value is Item;
  sender: (item: Item) => MessageFrom;
  text: (item: Item) => string;
  /** What a message without such a part says; null where the framework has no form for it. */
  fromText: (sender: MessageFrom, text: string) => Item | null;
}

export interface ForkOptions {
  /** Names the copy; without it the copy is known by its conversation's id alone. */
  sessionId?: string;
  /** How many items the copy begins with; all without it. */
  keep?: number;
}

/** A session of a framework that thinks in a list of objects: each is one message. */
export class ItemHistory<Item> {
  readonly #log: SessionLog;
  readonly #codec: Codec<Item>;

  constructor(client: Colloquy, options: SessionOptions, codec: Codec<Item>) {
    this.#log = new SessionLog(client, options);
    this.#codec = codec;
  }

  get name(): string {
    return this.#log.name;
  }

  /** The latest `limit`, oldest first. */
  async read(limit = Infinity): Promise<Item[]> {
    return (await this.#read(limit)).map(({ item }) => item);
  }

  async add(items: readonly Item[]): Promise<void> {
    if (items.length > 0) await this.#log.append(items.map((item) => this.#encode(item)));
  }

  /** Hides the last item and answers it. Whoever asks at the same time gets another one. */
  async pop(): Promise<Item | undefined> {
    for await (const message of this.#log.newestFirst(10)) {
      const item = this.#decode(message);
      if (item !== null && (await this.#log.hide(message))) return item;
    }
    return undefined;
  }

  async restart(items: readonly Item[] = []): Promise<void> {
    await this.#log.restart(items.map((item) => this.#encode(item)));
  }

  async fork({ sessionId, keep }: ForkOptions): Promise<SessionOptions> {
    if (keep === undefined) return this.#log.fork(sessionId);
    const kept = (await this.#read(Infinity))[keep - 1];
    return this.#log.fork(sessionId, keep <= 0 ? 0 : kept?.message.sequence);
  }

  async #read(limit: number): Promise<{ item: Item; message: Message }[]> {
    const found: { item: Item; message: Message }[] = [];
    if (limit <= 0) return found;
    for await (const message of this.#log.newestFirst(limit < 100 ? limit : 100)) {
      const item = this.#decode(message);
      if (item !== null && found.push({ item, message }) >= limit) break;
    }
    return found.reverse();
  }

  /** Text that is the whole object is not stored twice. */
  #encode(item: Item): NewMessage {
    const { part, sender, text, fromText } = this.#codec;
    const plain = { message_from: sender(item), content: plainText(text(item)) };
    if (plain.content !== '' && sameJson(fromText(plain.message_from, plain.content), item)) return plain;
    return { ...plain, parts: [{ type: part, item: wellFormed(item) }] };
  }

  /** Null for what another framework has stored and this one has no form for. */
  #decode({ message_from, content, parts }: Message): Item | null {
    const { part, isItem, fromText } = this.#codec;
    const own = parts?.[0];
    if (own?.type === part && isItem(own.item)) return own.item;
    return content === '' ? null : fromText(message_from, content);
  }
}
