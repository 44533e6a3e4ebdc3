import type { Colloquy } from '../client.js';
import type { CreateConversation } from '../conversations.js';
import { ColloquyError, PreconditionFailedError } from '../errors.js';
import type { NewMessage } from '../messages.js';
import type { Message } from '../openapi.gen.js';

/** Which conversation a session is: one that is there, or the one of this name, which the first message makes. */
export type SessionOptions =
  | { conversationId: string; sessionId?: never; conversation?: never }
  | {
      /** Your own name for it, up to 255 visible ASCII characters: the conversation's `external_id`. */
      sessionId: string;
      conversationId?: never;
      /** What the conversation is made with: its user, its agent, its topic. */
      conversation?: Omit<CreateConversation, 'external_id' | 'if_exists' | 'messages'>;
    };

const MAX_BATCH = 500;
const MAX_BATCH_BYTES = 7 * 1024 * 1024; // of the 8 MiB of a body
const MAX_PARTS_BYTES = 4 * 1024 * 1024;
const PAGE_SIZE = 100;
/** Where a session was cleared. What is before stays in the conversation, and is read no more. */
const CLEARED = 'colloquy.cleared';

/** A conversation as agent frameworks use one: read from where it was last cleared, without what is hidden. */
export class SessionLog {
  readonly #client: Colloquy;
  readonly #options: SessionOptions;
  #conversationId: string | undefined;

  constructor(client: Colloquy, options: SessionOptions) {
    this.#client = client;
    this.#options = options;
    this.#conversationId = options.conversationId;
  }

  get name(): string {
    return this.#options.sessionId ?? this.#options.conversationId;
  }

  async *newestFirst(pageSize = PAGE_SIZE): AsyncGenerator<Message, void> {
    for await (const message of this.#newestFirst(pageSize)) if (isShown(message)) yield message;
  }

  /** All that a session is made of, oldest first, and the sequence of the last message of any kind. */
  async read(): Promise<{ messages: Message[]; lastSequence: number }> {
    const messages: Message[] = [];
    let lastSequence = 0;
    for await (const message of this.#newestFirst(PAGE_SIZE)) {
      lastSequence ||= message.sequence;
      if (isShown(message)) messages.push(message);
    }
    return { messages: messages.reverse(), lastSequence };
  }

  /**
   * All next to each other as long as they fit into one request: up to 500, and 7 MiB. One that is too large is
   * refused before anything is sent. With `expectedLast`, `sequence_conflict` tells that others were faster.
   */
  async append(messages: NewMessage[], expectedLast?: number): Promise<void> {
    const batches = inBatches(messages);
    const id = await this.#findOrCreate();
    let expected = expectedLast;
    for (const batch of batches) {
      const body = { messages: batch, ...(expected !== undefined && { expected_last_sequence: expected }) };
      await this.#client.conversations.messages.appendAll(id, body);
      expected = undefined;
    }
  }

  /** Starts anew, with these messages, in one request if they fit into one. */
  async restart(messages: NewMessage[] = []): Promise<void> {
    if (messages.length === 0 && (await this.#find()) === null) return;
    const marker: NewMessage = {
      message_from: 'system',
      content: '',
      hidden: true,
      parts: [{ type: CLEARED }],
    };
    await this.append([marker, ...messages]);
  }

  /** False when somebody else has hidden it before. */
  async hide({ conversation_id, id }: Message): Promise<boolean> {
    const { messages } = this.#client.conversations;
    for (;;) {
      const { data, etag } = await messages.get(conversation_id, id).withResponse();
      if (data.hidden) return false;
      try {
        await messages.update(conversation_id, id, { hidden: true }, etag ? { ifMatch: etag } : {});
        return true;
      } catch (error) {
        if (!(error instanceof PreconditionFailedError)) throw error;
      }
    }
  }

  /** A copy of the conversation up to a message, which goes its own way from there. */
  async fork(sessionId: string | undefined, upToSequence?: number): Promise<SessionOptions> {
    const fork = await this.#client.conversations.fork(await this.#findOrCreate(), {
      ...(sessionId !== undefined && { external_id: sessionId }),
      ...(upToSequence !== undefined && { up_to_sequence: upToSequence }),
    });
    return sessionId === undefined ? { conversationId: fork.id } : { sessionId };
  }

  async *#newestFirst(page_size: number): AsyncGenerator<Message, void> {
    const id = await this.#find();
    if (id === null) return;
    for await (const message of this.#client.conversations.messages.list(id, {
      order: 'recent',
      page_size,
    })) {
      yield message;
      if (message.parts?.[0]?.type === CLEARED) return;
    }
  }

  async #find(): Promise<string | null> {
    if (this.#conversationId !== undefined) return this.#conversationId;
    const { data } = await this.#client.conversations.list({ external_id: this.name });
    this.#conversationId = data[0]?.id;
    return this.#conversationId ?? null;
  }

  async #findOrCreate(): Promise<string> {
    this.#conversationId ??= (
      await this.#client.conversations.create({
        ...this.#options.conversation,
        external_id: this.name,
        if_exists: 'return',
      })
    ).id;
    return this.#conversationId;
  }
}

const isShown = ({ hidden, redacted_time }: Message): boolean => !hidden && redacted_time === null;

function inBatches(messages: NewMessage[]): NewMessage[][] {
  const batches: NewMessage[][] = [];
  let room = 0;
  for (const message of messages) {
    if (bytesOf(message.parts ?? []) > MAX_PARTS_BYTES) {
      throw new ColloquyError('A message has more than 4 MiB. Store its files elsewhere, and refer to them.');
    }
    const bytes = bytesOf(message);
    const batch = batches.at(-1);
    if (batch && batch.length < MAX_BATCH && bytes <= room) batch.push(message);
    else {
      batches.push([message]);
      room = MAX_BATCH_BYTES;
    }
    room -= bytes;
  }
  return batches;
}

const bytesOf = (value: unknown): number => new TextEncoder().encode(JSON.stringify(value)).length;
