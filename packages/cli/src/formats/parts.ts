import { isList, isObject, type JsonObject } from '../json.js';
import type { Part } from './draft.js';

/** What a message says: its text, and its pieces as they were where it is made of such. */
interface Content {
  content: string;
  parts: Part[] | null;
}

/**
 * Reads the content of a message in any of the shapes that chats have: text, a piece, a list of both. `more` are pieces
 * that stand beside it, such as tool calls. No text is lost: pieces that are not text themselves (a tool's result, a
 * thought) give the content where nothing else does.
 */
export function contentOf(source: unknown, more: readonly unknown[] = []): Content {
  const isPlain = !isList(source) && !isObject(source);
  if (isPlain && more.length === 0) return { content: plainText(source), parts: null };
  const own = isPlain
    ? [plainText(source)].filter((text) => text !== '')
    : isList(source)
      ? source
      : [source];
  const parts = [...own, ...more].map(toPart);
  return { content: textOfParts(parts), parts: parts.length === 0 ? null : parts };
}

const plainText = (value: unknown): string =>
  value === null || value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value);

const MAX_TYPE_LENGTH = 64;
const isType = (value: unknown): value is string =>
  typeof value === 'string' && value.length >= 1 && value.length <= MAX_TYPE_LENGTH;

/** An object with a type, as the API wants pieces; one that has none is called after its first member. */
export function toPart(source: unknown): Part {
  if (typeof source === 'string') return { type: 'text', text: source };
  if (!isObject(source)) return { type: 'json', value: source };
  if (isType(source.type)) return { ...source, type: source.type };
  if (source.type !== undefined) return { type: 'json', value: source };
  const [name] = Object.keys(source);
  const type = 'text' in source ? 'text' : isType(source.content_type) ? source.content_type : name;
  return isType(type) ? { ...source, type } : { type: 'json', value: source };
}

/** As the service makes content from parts: those that are text, joined by a newline. */
function textOfParts(parts: readonly JsonObject[]): string {
  const said = parts.filter(isText).flatMap(({ text, refusal }) => textIn(text ?? refusal));
  const texts = said.some((text) => text !== '') ? said : parts.flatMap((part) => textWithin(part));
  return texts.join('\n');
}

const isText = ({ type }: JsonObject) => typeof type === 'string' && /^(text|refusal)$|[_.-]text$/.test(type);

/** OpenAI's assistants wrap the text once more: `{"value": "…", "annotations": []}`. */
const textIn = (text: unknown): string[] =>
  typeof text === 'string' ? [text] : isObject(text) && typeof text.value === 'string' ? [text.value] : [];

/** Where pieces that are no text keep words. Arguments of calls are none. */
const WORDS = [
  'text',
  'refusal',
  'thinking',
  'think',
  'thought',
  'reasoning',
  'reasoningText',
  'reasoningContent',
  'reasoning_content',
  'summary',
  'thoughts',
  'content',
  'output',
  'result',
  'results',
  'response',
  'output_str',
  'toolResult',
  'tool_result',
  'tool_return',
  'tool_call',
  'functionResponse',
  'function_response',
  'codeExecutionResult',
  'executableCode',
  'code',
  'transcript',
  'extracted_content',
  'user_profile',
  'user_instructions',
  'model_set_context',
  'error',
  'audio',
  'value',
  'json',
];
/** What a tool answers is told as JSON where it is no text. */
const RESULTS = new Set(['output', 'result', 'response', 'value', 'json', 'tool_return']);
const MAX_DEPTH = 8;

function textWithin(value: unknown, depth = 0): string[] {
  if (depth > MAX_DEPTH || value === null || value === undefined) return [];
  if (typeof value === 'string') return value === '' ? [] : [value];
  if (isList(value)) return value.flatMap((element) => textWithin(element, depth + 1));
  if (!isObject(value)) return depth === 0 ? [] : [JSON.stringify(value)];
  return WORDS.flatMap((name) => {
    const member = value[name];
    const found =
      isObject(member) || isList(member) || typeof member === 'string' ? textWithin(member, depth + 1) : [];
    const isResult = RESULTS.has(name) && member !== null && member !== undefined;
    return found.length === 0 && isResult && member !== '' ? [JSON.stringify(member)] : found;
  });
}
