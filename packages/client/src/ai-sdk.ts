import type { UIMessage } from 'ai';
import { SessionLog, type SessionOptions } from './adapters/session-log.js';
import { plainText, sameJson, wellFormed } from './adapters/text.js';
import type { Colloquy } from './client.js';
import { ConflictError } from './errors.js';
import type { NewMessage } from './messages.js';
import type { MessageFrom, Message } from './openapi.gen.js';

export type { SessionOptions };

/** Behind the parts of a UI message: what it has besides them. */
const ENVELOPE = 'ai_sdk.message';
const MAX_PARTS = 500;

/**
 * A chat of the Vercel AI SDK that is a conversation. Each UI message is one, with its parts as they are; one that
 * changes after it was saved (a tool answered by the client) is appended anew, and its older version hidden.
 */
export class ColloquyChat<Ui extends UIMessage = UIMessage> {
  readonly #client: Colloquy;
  readonly #log: SessionLog;

  constructor(client: Colloquy, options: SessionOptions) {
    this.#client = client;
    this.#log = new SessionLog(client, options);
  }

  /** The messages of the chat, for `useChat` and `convertToModelMessages`. */
  async load(): Promise<Ui[]> {
    return [...(await this.#read()).shown.values()].map(({ ui }) => ui);
  }

  /**
   * Stores of these messages what is new or has changed, in this order, and leaves alone what is there besides them:
   * a message that is saved twice at once, or by two processes, is there once.
   */
  async save(messages: readonly Ui[]): Promise<void> {
    if (messages.some(({ id }) => !id)) {
      throw new TypeError('A UI message has no id: give `generateMessageId` to `toUIMessageStream`.');
    }
    for (;;) {
      const { shown, lastSequence } = await this.#read();
      const fresh = messages.filter((ui) => !sameJson(shown.get(ui.id)?.ui, wellFormed(ui)));
      if (fresh.length === 0) return;
      try {
        await this.#log.append(fresh.map(encode), lastSequence);
      } catch (error) {
        if (error instanceof ConflictError && error.code === 'sequence_conflict') continue;
        throw error;
      }
      for (const { id } of fresh) await this.#hide(shown.get(id)?.versions ?? []);
      return;
    }
  }

  /** Hides a message and all behind it, before it is edited or answered anew. */
  async undo(messageId: string): Promise<void> {
    const all = [...(await this.#read()).shown.values()];
    const from = all.findIndex(({ ui }) => ui.id === messageId);
    if (from >= 0) await this.#hide(all.slice(from).flatMap(({ versions }) => versions));
  }

  /** A chat of its own that begins with the messages of this one, up to `upTo` if that is given. */
  async fork({ sessionId, upTo }: { sessionId?: string; upTo?: string } = {}): Promise<ColloquyChat<Ui>> {
    const last = upTo === undefined ? undefined : (await this.#read()).shown.get(upTo)?.versions.at(-1);
    if (upTo !== undefined && !last) throw new RangeError(`The chat has no message ${upTo}.`);
    return new ColloquyChat(this.#client, await this.#log.fork(sessionId, last?.sequence));
  }

  async #hide(messages: Message[]): Promise<void> {
    for (const message of messages.toReversed()) await this.#log.hide(message);
  }

  /** By id: more than one version of a message is shown only where the older one could not be hidden yet. */
  async #read() {
    const { messages, lastSequence } = await this.#log.read();
    const shown = new Map<string, { ui: Ui; versions: Message[] }>();
    for (const message of messages) {
      const ui = decode<Ui>(message);
      if (ui) shown.set(ui.id, { ui, versions: [...(shown.get(ui.id)?.versions ?? []), message] });
    }
    return { shown, lastSequence };
  }
}

const senders = { user: 'user', assistant: 'agent', system: 'system' } as const;
const roles: Partial<Record<MessageFrom, UIMessage['role']>> = {
  user: 'user',
  agent: 'assistant',
  system: 'system',
};

function encode(ui: UIMessage): NewMessage {
  const { parts, ...rest } = ui;
  const fits = parts.length < MAX_PARTS && parts.every(({ type }) => type.length > 0 && type.length <= 64);
  const stored = fits ? [...parts, { type: ENVELOPE, message: rest }] : [{ type: ENVELOPE, message: ui }];
  const texts = parts.flatMap(({ type, text }) => (type === 'text' && text !== undefined ? [text] : []));
  return {
    message_from: senders[ui.role],
    content: plainText(texts.join('\n')),
    parts: stored.map(wellFormed).filter(isPart),
  };
}

/** Null for what another framework has stored and a chat has no form for. */
function decode<Ui extends UIMessage>(message: Message): Ui | null {
  const { id, content, parts } = message;
  const own = parts?.at(-1);
  const role = roles[message.message_from];
  const ui =
    own?.type === ENVELOPE && isObject(own.message)
      ? { parts: parts?.slice(0, -1), ...own.message }
      : content !== '' && role && { id, role, parts: [{ type: 'text', text: content }] };
  return isMessage<Ui>(ui) ? ui : null;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

const isPart = (value: unknown): value is { type: string } =>
  isObject(value) && typeof value.type === 'string';

const isMessage = <Ui extends UIMessage>(value: unknown): value is Ui =>
  isObject(value) && 'id' in value && 'parts' in value;
