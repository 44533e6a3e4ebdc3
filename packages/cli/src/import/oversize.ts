import type { MessageDraft, Part } from '../formats/draft.js';
import { Unreadable } from '../formats/draft.js';
import { type JsonObject, measure } from '../json.js';
import { limits } from './limits.js';

export const OVERSIZE = ['fail', 'split', 'strip'] as const;
/** What to do with what is too large for the API: leave the conversation out, make several messages of it, or leave it out. */
export type Oversize = (typeof OVERSIZE)[number];

const bytesOf = (value: object | string) => Buffer.byteLength(JSON.stringify(value));

/** What was done to a message, in its metadata under `import`. */
const noted = (metadata: JsonObject, note: JsonObject): JsonObject => ({ ...metadata, import: note });

/** Makes one message, or several in its place, that the API takes. Throws Unreadable. */
export function fitSize(draft: MessageDraft, oversize: Oversize, name: string): MessageDraft[] {
  const fault = faultOf(draft);
  if (!fault) return [draft];
  if (oversize === 'strip') return [strip(draft, name)];
  if (oversize === 'split' && Buffer.byteLength(draft.content) > limits.contentBytes)
    return split(draft, name);
  const more = oversize === 'fail' ? '; --oversize says what else to do with it' : '';
  throw new Unreadable(`${name}: ${fault}${more}`);
}

function faultOf({ content, parts, metadata }: MessageDraft): string | undefined {
  const contentBytes = Buffer.byteLength(content);
  if (contentBytes > limits.contentBytes)
    return `content is ${contentBytes} bytes, more than ${limits.contentBytes}`;
  return faultOfParts(parts, content) ?? faultOfObject(metadata, 'metadata');
}

function faultOfParts(parts: Part[] | null, content: string): string | undefined {
  if (parts === null) return undefined;
  if (parts.length > limits.parts) return `${parts.length} parts, more than ${limits.parts}`;
  const bytes = bytesOf(parts);
  if (bytes > limits.partsBytes) return `parts are ${bytes} bytes as JSON, more than ${limits.partsBytes}`;
  // Control characters are six bytes each as JSON.
  if (bytes + bytesOf(content) + 4 * limits.objectBytes > limits.bodyBytes)
    return 'too large for one request';
  const { values, depth } = measure(parts);
  if (depth > limits.objectDepth) return `parts are nested ${depth} deep, more than ${limits.objectDepth}`;
  return values > limits.bodyValues
    ? `parts are ${values} values, more than ${limits.bodyValues}`
    : undefined;
}

export function faultOfObject(object: JsonObject, name: string): string | undefined {
  const bytes = bytesOf(object);
  if (bytes > limits.objectBytes) return `${name} is ${bytes} bytes as JSON, more than ${limits.objectBytes}`;
  const { depth } = measure(object);
  return depth > limits.objectDepth
    ? `${name} is nested ${depth} deep, more than ${limits.objectDepth}`
    : undefined;
}

/** Long text as several messages; pieces that are no text stay with the first. */
function split(draft: MessageDraft, name: string): MessageDraft[] {
  const texts = [...pieces(draft.content, limits.contentBytes)];
  const isText = ({ type }: JsonObject) => typeof type === 'string' && /^text$|[_.-]text$/.test(type);
  const others = draft.parts?.filter((part) => !isText(part)) ?? [];
  return texts.map((content, index) => {
    const isFirst = index === 0;
    const message: MessageDraft = {
      ...draft,
      content,
      parts: isFirst && others.length > 0 ? others : null,
      metadata: noted(isFirst ? draft.metadata : {}, { split: { part: index + 1, of: texts.length } }),
      ...(!isFirst && {
        external_id: undefined,
        input_tokens: 0,
        answer_tokens: 0,
        total_tokens: 0,
        feedback: undefined,
      }),
    };
    const fault = faultOf(message);
    if (fault) throw new Unreadable(`${name}: ${fault}`);
    return message;
  });
}

/** Cuts between characters. */
function* pieces(text: string, maxBytes: number): Generator<string> {
  const bytes = Buffer.from(text);
  for (let start = 0; start < bytes.length;) {
    let end = Math.min(start + maxBytes, bytes.length);
    while (end < bytes.length && isInside(bytes[end])) end -= 1;
    yield bytes.toString('utf8', start, end);
    start = end;
  }
}

/** A byte of UTF-8 that does not begin a character. */
const isInside = (byte: number | undefined) => byte !== undefined && (byte & 0xc0) === 0x80;

function strip(draft: MessageDraft, name: string): MessageDraft {
  const stripped: JsonObject[] = [];
  const contentBytes = Buffer.byteLength(draft.content);
  const [content = ''] = pieces(draft.content, limits.contentBytes);
  if (content !== draft.content)
    stripped.push({ member: 'content', bytes: contentBytes, kept: Buffer.byteLength(content) });
  const parts = stripParts(draft.parts, content, stripped);
  const metadata = stripObject(draft.metadata, stripped, 'metadata');
  const message = {
    ...draft,
    content,
    parts,
    metadata: noted(metadata, { stripped: stripped.slice(0, 100) }),
  };
  const fault = faultOf(message);
  if (fault) throw new Unreadable(`${name}: ${fault}`);
  return message;
}

/** Leaves out the largest parts until the rest fits; each has a part that says so in its place. */
function stripParts(parts: Part[] | null, content: string, stripped: JsonObject[]): Part[] | null {
  if (parts === null) return null;
  const kept = parts.slice(0, limits.parts);
  if (kept.length < parts.length) stripped.push({ member: 'parts', count: parts.length, kept: kept.length });
  const bySize = kept
    .map((part, index) => ({ index, bytes: bytesOf(part) }))
    .sort((one, other) => other.bytes - one.bytes);
  for (const { index, bytes } of bySize) {
    if (faultOfParts(kept, content) === undefined) break;
    const { type } = kept[index] ?? {};
    stripped.push({ member: `parts/${index}`, type, bytes });
    kept[index] = { type: 'stripped', stripped: { type, bytes } };
  }
  return kept;
}

/** Leaves out the largest members until the rest fits, with room for a note. */
export function stripObject(object: JsonObject, stripped: JsonObject[], name: string): JsonObject {
  const left = new Map(Object.entries(object));
  const bySize = Object.entries(object)
    .map(([key, value]) => ({ key, bytes: bytesOf([value]) - 2 }))
    .sort((one, other) => other.bytes - one.bytes);
  const fits = () => {
    const rest = Object.fromEntries(left);
    return faultOfObject(rest, name) === undefined && bytesOf(rest) < limits.objectBytes - 16 * 1024;
  };
  for (const { key, bytes } of bySize) {
    if (faultOfObject(object, name) === undefined || fits()) break;
    left.delete(key);
    stripped.push({ member: `${name}/${key.slice(0, 64)}`, bytes });
  }
  return Object.fromEntries(left);
}
