import { isJsonObject, parseExactJson } from '../../common/json/exact-json.js';
import { type DialogueMessage, toMessage } from './dialogue-message.js';
import { LineFailed } from './import-errors.js';
import { limits } from './limits.js';
import { checkObject, checkText } from './storable.js';

type JsonObject = Record<string, unknown>;

/** One line of the file: a conversation's own properties, and its messages in order. */
export interface Dialogue {
  conversation: { topic?: string; extend_properties: JsonObject };
  messages: DialogueMessage[];
}

/** Reads and checks a whole line, so that what is sent to the service is not refused half-way. */
export function parseDialogue(text: string): Dialogue {
  const line = parseJson(text);
  if (!isJsonObject(line)) throw new LineFailed('not an object');
  const { messages: list, ...others } = line;
  if (!Array.isArray(list)) throw new LineFailed('"messages" is not a list');

  const messages = list.map((message: unknown, index) => toMessage(message, index + 1));
  const { topic, rest } = takeTopic(others, messages);
  if (topic !== undefined) checkText(topic, 'topic');
  checkObject(rest, 'extend_properties');
  return { conversation: { topic, extend_properties: rest }, messages };
}

/** The parser's own message quotes the line, so it is not passed on. */
function parseJson(text: string): unknown {
  try {
    return parseExactJson(text);
  } catch (error) {
    throw new LineFailed(error instanceof RangeError ? 'nested too deeply' : 'not valid JSON');
  }
}

/** The line's `topic` or `title`, else the first words of the user. A given one that is too long is kept whole beside. */
function takeTopic(others: JsonObject, messages: DialogueMessage[]): { topic?: string; rest: JsonObject } {
  for (const name of ['topic', 'title']) {
    const given = others[name];
    if (typeof given !== 'string' || given.trim() === '') continue;
    const topic = shorten(given);
    if (topic !== given) return { topic, rest: others };
    return { topic, rest: Object.fromEntries(Object.entries(others).filter(([key]) => key !== name)) };
  }
  const words = messages.find((message) => message.message_from === 'user')?.content.trim();
  return words ? { topic: shorten(words), rest: others } : { rest: others };
}

/** Cuts between code points, never inside one. */
function shorten(text: string): string {
  return Array.from(text.slice(0, 2 * limits.topicCharacters))
    .slice(0, limits.topicCharacters)
    .join('');
}
