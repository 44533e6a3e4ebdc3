import { isList, isObject, textOf } from '../json.js';
import type { ConversationDraft, MessageDraft } from './draft.js';

const FILE = /(^|\/)message_feedback\.json$/;

/** What was thought of answers where it stands beside the chats: `message_feedback.json` of ChatGPT's export. */
export class Feedback {
  readonly #byMessage = new Map<string, string>();

  /** Whether a member of an archive is to be read before the chats. */
  static isIn(fileName: string): boolean {
    return FILE.test(fileName);
  }

  /** Keeps what a file says of messages. */
  add(value: unknown): void {
    for (const row of isList(value) ? value : [value]) {
      if (!isObject(row)) continue;
      const message = textOf(row.message_id) ?? textOf(row.id);
      const rating = textOf(row.rating);
      if (message !== undefined && rating !== undefined)
        this.#byMessage.set(message, wordsOf(rating, row.content));
    }
  }

  addTo(draft: ConversationDraft): ConversationDraft {
    if (this.#byMessage.size === 0) return draft;
    const rated = (messages: MessageDraft[]) =>
      messages.map((message) => ({
        ...message,
        feedback: message.feedback ?? this.#byMessage.get(message.external_id ?? ''),
      }));
    return {
      ...draft,
      messages: rated(draft.messages),
      ...(draft.branches && {
        branches: draft.branches.map(({ id, messages }) => ({ id, messages: rated(messages) })),
      }),
    };
  }
}

/** `thumbs_down`, and behind it what was written (`content` is JSON with a `text`). */
function wordsOf(rating: string, content: unknown): string {
  try {
    const said: unknown = typeof content === 'string' ? JSON.parse(content) : content;
    const text = isObject(said) ? textOf(said.text) : undefined;
    return text === undefined ? rating : `${rating}: ${text}`.slice(0, MAX_FEEDBACK).toWellFormed();
  } catch {
    return rating;
  }
}

/** Characters that the API takes. */
const MAX_FEEDBACK = 2000;
