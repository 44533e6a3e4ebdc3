import type { AgentInputItem, Session } from '@openai/agents';
import { type Codec, type ForkOptions, ItemHistory } from './adapters/item-history.js';
import type { SessionOptions } from './adapters/session-log.js';
import type { Colloquy } from './client.js';
import type { MessageFrom } from './openapi.gen.js';

export type { ForkOptions, SessionOptions };

/**
 * A `Session` of the OpenAI Agents SDK that is a conversation: `run(agent, input, { session })`. Each item is one
 * message. Several processes may use one session at once: what is added together stays together, and an item is
 * popped once.
 */
export class ColloquySession implements Session {
  readonly #client: Colloquy;
  readonly #history: ItemHistory<AgentInputItem>;

  constructor(client: Colloquy, options: SessionOptions) {
    this.#client = client;
    this.#history = new ItemHistory(client, options, codec);
  }

  getSessionId(): Promise<string> {
    return Promise.resolve(this.#history.name);
  }

  /** The latest `limit`, oldest first. */
  getItems(limit?: number): Promise<AgentInputItem[]> {
    return this.#history.read(limit);
  }

  addItems(items: AgentInputItem[]): Promise<void> {
    return this.#history.add(items);
  }

  /** Hides the last item: it stays in the conversation, marked as not meant for models any more. */
  popItem(): Promise<AgentInputItem | undefined> {
    return this.#history.pop();
  }

  /** The session starts anew. To erase what was said, delete the conversation. */
  clearSession(): Promise<void> {
    return this.#history.restart();
  }

  replaceHistoryWithCompaction(items: AgentInputItem[]): Promise<void> {
    return this.#history.restart(items);
  }

  /** A session of its own that begins with the items of this one, or with the first `keep` of them. */
  async fork(options: ForkOptions = {}): Promise<ColloquySession> {
    return new ColloquySession(this.#client, await this.#history.fork(options));
  }
}

const senders: Record<string, MessageFrom> = { user: 'user', system: 'system', assistant: 'agent' };

const codec: Codec<AgentInputItem> = {
  part: 'openai_agents.item',
  isItem: (value): value is AgentInputItem => typeof value === 'object' && value !== null,
  sender: ({ type = 'message', role = '' }) =>
    (type === 'message' && senders[role]) || (/_(result|output)$/.test(type) ? 'tool' : 'agent'),
  text: ({ content, output }) => textOf(content ?? output),
  fromText: (sender, text) => {
    if (sender === 'tool') return null; // it answers a call that only the item itself names
    if (sender !== 'agent') return { type: 'message', role: sender, content: text };
    const content = [{ type: 'output_text', text }];
    return { type: 'message', role: 'assistant', status: 'completed', content };
  },
};

/** Content and outputs are text, or pieces of which some have text. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(textOf).filter(Boolean).join('\n');
  if (typeof value !== 'object' || value === null) return '';
  if ('text' in value) return textOf(value.text);
  return 'refusal' in value ? textOf(value.refusal) : '';
}
