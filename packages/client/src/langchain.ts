import { BaseListChatMessageHistory } from '@langchain/core/chat_history';
import {
  AIMessage,
  type BaseMessage,
  HumanMessage,
  mapChatMessagesToStoredMessages,
  mapStoredMessagesToChatMessages,
  type StoredMessage,
  SystemMessage,
} from '@langchain/core/messages';
import { type Codec, type ForkOptions, ItemHistory } from './adapters/item-history.js';
import type { SessionOptions } from './adapters/session-log.js';
import type { Colloquy } from './client.js';
import type { MessageFrom } from './openapi.gen.js';

export type { ForkOptions, SessionOptions };

const ESCAPED = '__lc_escaped__';

/** A chat message history of LangChain that is a conversation: each message is one. */
export class ColloquyChatMessageHistory extends BaseListChatMessageHistory {
  override lc_namespace = ['colloquy', 'chat_history'];
  readonly #client: Colloquy;
  readonly #history: ItemHistory<StoredMessage>;

  constructor(client: Colloquy, options: SessionOptions) {
    super();
    this.#client = client;
    this.#history = new ItemHistory(client, options, codec);
  }

  override async getMessages(): Promise<BaseMessage[]> {
    return mapStoredMessagesToChatMessages(await this.#history.read());
  }

  override addMessage(message: BaseMessage): Promise<void> {
    return this.addMessages([message]);
  }

  /** All next to each other, whoever writes at the same time. */
  override addMessages(messages: BaseMessage[]): Promise<void> {
    return this.#history.add(mapChatMessagesToStoredMessages(messages).map(unescaped));
  }

  /** Hides the last message: it stays in the conversation, marked as not meant for models any more. */
  async popMessage(): Promise<BaseMessage | undefined> {
    const popped = await this.#history.pop();
    return popped && mapStoredMessagesToChatMessages([popped])[0];
  }

  /** The history starts anew. To erase what was said, delete the conversation. */
  override clear(): Promise<void> {
    return this.#history.restart();
  }

  /** A history of its own that begins with the messages of this one, or with the first `keep` of them. */
  async fork(options: ForkOptions = {}): Promise<ColloquyChatMessageHistory> {
    return new ColloquyChatMessageHistory(this.#client, await this.#history.fork(options));
  }
}

/**
 * What `toDict` writes, but with the objects of tool calls as they are: it wraps those that have a key `lc`, which only
 * `load` takes off again, and `mapStoredMessagesToChatMessages` does not.
 */
function unescaped<T>(value: T): T;
function unescaped(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => unescaped(item));
  if (typeof value !== 'object' || value === null) return value;
  if (ESCAPED in value && Object.keys(value).length === 1) return value[ESCAPED];
  return Object.fromEntries(
    Object.entries(value).map(([key, member]: [string, unknown]) => [key, unescaped(member)]),
  );
}

const senders: Record<string, MessageFrom> = {
  human: 'user',
  ai: 'agent',
  system: 'system',
  tool: 'tool',
  function: 'tool',
};
const messages = { user: HumanMessage, agent: AIMessage, system: SystemMessage };

const codec: Codec<StoredMessage> = {
  part: 'langchain.message',
  isItem: (value): value is StoredMessage => typeof value === 'object' && value !== null && 'data' in value,
  sender: ({ type }) => senders[type] ?? 'agent',
  text: (stored) => mapStoredMessagesToChatMessages([stored])[0]?.text ?? '',
  fromText: (sender, text) => {
    if (sender === 'tool') return null; // it answers a call that only the message itself names
    return mapChatMessagesToStoredMessages([new messages[sender](text)])[0] ?? null;
  },
};
