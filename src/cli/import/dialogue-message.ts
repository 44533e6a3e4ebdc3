import { isJsonObject } from '../../common/json/exact-json.js';
import { LineFailed } from './import-errors.js';
import { limits } from './limits.js';
import { checkObject, checkText } from './storable.js';

type JsonObject = Record<string, unknown>;

/** One message as the service takes it. */
export interface DialogueMessage {
  message_from: 'user' | 'agent' | 'system' | 'tool';
  content: string;
  metadata?: JsonObject;
}

const senders = new Map<unknown, DialogueMessage['message_from']>([
  ['user', 'user'],
  ['assistant', 'agent'],
  ['system', 'system'],
  ['developer', 'system'],
  ['tool', 'tool'],
  ['function', 'tool'],
]);

/** Reads one element of `messages`; `position` counts from 1 and stands in every complaint. */
export function toMessage(source: unknown, position: number): DialogueMessage {
  const name = `message ${position}`;
  if (!isJsonObject(source)) throw new LineFailed(`${name} is not an object`);

  const { role, content: original, ...others } = source;
  const messageFrom = senders.get(role);
  if (!messageFrom) throw new LineFailed(`${name} has ${describeRole(role)}`);

  const content = toText(original, others);
  if (content === null) throw new LineFailed(`${name}: content is neither text nor a list of parts`);
  checkText(content, `${name}: content`);
  const bytes = Buffer.byteLength(content);
  if (bytes > limits.contentBytes) {
    throw new LineFailed(`${name}: content is ${bytes} bytes, more than ${limits.contentBytes}`);
  }

  const metadata = toMetadata(Array.isArray(original) ? { ...others, content: original } : others);
  if (Object.keys(metadata).length === 0) return { message_from: messageFrom, content };
  checkObject(metadata, `${name}: metadata`);
  return { message_from: messageFrom, content, metadata };
}

/** The text of a content; an assistant that only calls tools has none, and may leave the member out. */
function toText(content: unknown, others: JsonObject): string | null {
  if (typeof content === 'string') return content;
  if (content === null) return '';
  if (content === undefined) return 'tool_calls' in others || 'function_call' in others ? '' : null;
  if (!Array.isArray(content) || !content.every(isJsonObject)) return null;
  return content
    .map((part) => (part.type === 'text' && typeof part.text === 'string' ? part.text : ''))
    .join('');
}

/**
 * `metadata` gives its members to the message's metadata, beside the other members of the message. It keeps its
 * own name instead, so that nothing is lost, when it is no object or has a member of the same name as another.
 */
function toMetadata(members: JsonObject): JsonObject {
  const { metadata, ...others } = members;
  if (metadata === undefined || metadata === null) return others;
  const nests = !isJsonObject(metadata) || Object.keys(others).some((key) => Object.hasOwn(metadata, key));
  return nests ? members : { ...metadata, ...others };
}

function describeRole(role: unknown): string {
  if (role === undefined) return 'no role';
  return typeof role === 'string' && /^[\w-]{1,32}$/.test(role)
    ? `the unknown role "${role}"`
    : 'an unknown role';
}
