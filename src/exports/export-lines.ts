import { ConversationNotFound } from '../conversations/conversation.errors.js';
import { ConversationResponse } from '../conversations/dto/conversation.response.js';
import { MessageResponse } from '../messages/dto/message.response.js';
import type { ExportedConversation } from './exports.service.js';

/** How much JSON of messages a line holds; a message that is larger has one of its own. */
const LINE_BYTES = 8 * 1024 * 1024;
/** Small enough to wait for the reader now and then, large enough not to do so all the time. */
const PIECE_LENGTH = 64 * 1024;

const lineOf = (object: object) => `${JSON.stringify(object)}\n`;

/**
 * The text of an export (`colloquy/1`), piece by piece: a first line, each conversation with its messages in as many lines
 * as these need, and a last line, without which it is not whole. It counts what was not deleted meanwhile, and
 * repeats from where on the feed tells what changed since.
 */
export async function* exportLines(
  exported: AsyncIterable<ExportedConversation>,
  eventsAfter: string | null,
): AsyncGenerator<string> {
  const counts = { conversations: 0, messages: 0 };
  let text = '';
  const first = lineOf({ format: 'colloquy/1', events_after: eventsAfter });
  let isBegun = false;
  for await (const one of exported) {
    if (!isBegun) text += first;
    isBegun = true;
    for await (const piece of linesOf(one, counts)) {
      text += piece;
      if (text.length < PIECE_LENGTH) continue;
      yield text;
      text = '';
    }
  }
  yield `${isBegun ? '' : first}${text}${lineOf({ ...counts, events_after: eventsAfter })}`;
}

/** The lines of one conversation. One that is deleted before its first message is not begun. */
async function* linesOf(
  { conversation, messages }: ExportedConversation,
  counts: { conversations: number; messages: number },
): AsyncGenerator<string> {
  const { id } = conversation;
  const head = ConversationResponse.from(conversation).toText().slice(0, -1);
  let open = `${head},"messages":[`;
  let bytes = 0;
  let count = 0;
  try {
    for await (const message of messages) {
      const text = MessageResponse.from(message).toText();
      const size = Buffer.byteLength(text) + 1;
      if (bytes > 0 && bytes + size > LINE_BYTES) {
        yield ']}\n';
        open = `{"conversation_id":"${id}","messages":[`;
        bytes = 0;
      }
      yield `${bytes === 0 ? open : ','}${text}`;
      bytes += size;
      count += 1;
    }
    yield count > 0 ? ']}\n' : `${open}]}\n`;
    counts.conversations += 1;
    counts.messages += count;
  } catch (error) {
    if (!(error instanceof ConversationNotFound)) throw error;
    if (count > 0) yield `]}\n${lineOf({ conversation_id: id, deleted: true })}`;
  }
}
