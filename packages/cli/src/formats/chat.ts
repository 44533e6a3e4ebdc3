import { isList, isObject, type JsonObject, numberOf } from '../json.js';
import { type ConversationDraft, type MessageDraft, Unreadable } from './draft.js';
import { readConversationFields, readMessageFields } from './fields.js';
import { Members } from './members.js';
import { contentOf } from './parts.js';
import { senderOf } from './senders.js';

/** Members of a message that are pieces of it, beside its content: tool calls and the like. */
const CALLS = ['tool_calls', 'toolInvocations', 'invalid_tool_calls'];
const THOUGHTS = ['reasoning_content', 'reasoning', 'thinking'];
const FILES = ['images', 'files', 'attachments', 'experimental_attachments', 'audio'];

const list = (value: unknown) => (isList(value) && value.length > 0 ? value : undefined);
const present = (value: unknown) =>
  value === null || value === undefined || value === '' ? undefined : value;

/** Who says it, and what, in a message of a chat: `{"role": …, "content": …}`, and whatever stands beside these. */
export function readChatMessage(source: unknown, position: number): MessageDraft {
  const name = `message ${position}`;
  // Dialogues of plain texts take turns.
  if (typeof source === 'string') {
    return {
      message_from: position % 2 === 1 ? 'user' : 'agent',
      content: source,
      parts: null,
      metadata: {},
    };
  }
  if (!isObject(source)) throw new Unreadable(`${name} is not an object`);
  const members = new Members(source);
  const sender = members.take(ROLES, (role) => senderOf(isObject(role) ? role.role : role));
  if (!sender)
    throw new Unreadable(`${name} has ${describeRole(ROLES.map((role) => source[role]).find(present))}`);

  // Of the AI SDK's messages, the parts are the whole and the content is only their text; Colloquy's own have both.
  const ownParts = members.take(['parts'], list);
  const text = members.take(CONTENTS, present);
  members.drop('content');
  const { content, parts } = ownParts ? contentOf(ownParts) : contentOf(text, piecesBeside(members));
  const said = ownParts && typeof text === 'string' ? text : content;
  const isSilent = ![...CONTENTS, 'parts'].some((member) => member in source) && parts === null;
  if (isSilent && Object.keys(source).length > 1)
    return { message_from: sender, ...wholeOf(source), ...readMessageFields(members) };
  const results = parts?.filter(({ type }) => type === 'tool_result' || type === 'tool-result') ?? [];
  const isResult = results.length > 0 && results.length === parts?.length;
  return { message_from: isResult ? 'tool' : sender, content: said, parts, ...readMessageFields(members) };
}

/** A message whose words stand where none are known to stand is kept whole. */
const wholeOf = (source: JsonObject) => contentOf([{ type: 'message', value: source }]);

const ROLES = ['role', 'message_from', 'from', 'sender', 'speaker', 'author', 'type', 'message_type'];
const CONTENTS = ['content', 'text', 'value', 'message', 'body', 'utterance', 'response'];

function piecesBeside(members: Members): unknown[] {
  const thoughts = THOUGHTS.flatMap((name) => {
    const thought = members.take([name], present);
    return typeof thought === 'string'
      ? [{ type: name, text: thought }]
      : thought === undefined
        ? []
        : [{ type: name, [name]: thought }];
  });
  const calls = CALLS.flatMap((name) => {
    const taken = members.take([name], (value) => (isList(value) ? value : undefined)) ?? [];
    return taken.map((call) =>
      isObject(call) && typeof call.type !== 'string' ? { type: 'tool_call', ...call } : call,
    );
  });
  const call = members.take(['function_call'], (value) => (isObject(value) ? value : undefined));
  const refusal = members.take(['refusal'], (value) => (typeof value === 'string' ? value : undefined));
  const files = FILES.flatMap((name) => {
    const taken =
      members.take([name], (value) => list(value) ?? (isObject(value) ? [value] : undefined)) ?? [];
    return taken.map((file) => (isObject(file) ? { type: name, ...file } : { type: name, value: file }));
  });
  return [
    ...thoughts,
    ...(refusal === undefined ? [] : [{ type: 'refusal', refusal }]),
    ...calls,
    ...(call ? [{ type: 'function_call', ...call }] : []),
    ...files,
  ];
}

function describeRole(role: unknown): string {
  if (role === undefined) return 'no role';
  return typeof role === 'string' && /^[\w-]{1,32}$/.test(role)
    ? `the unknown role "${role}"`
    : 'an unknown role';
}

interface ChatOptions {
  /** The name of the member that holds the messages. */
  messages: string;
  /** Names of members that hold a system prompt, which becomes the first message. */
  system?: readonly string[];
  /** An answer that stands beside the messages that asked for it. */
  answer?: unknown;
}

/** A conversation that is an object with a list of messages. */
export function readChat(
  source: JsonObject,
  { messages: name, system = [], answer }: ChatOptions,
): ConversationDraft {
  const members = new Members(source);
  const messages = members.take([name], (value) => (isList(value) ? value : undefined)) ?? [];
  const prompt = members.take(system, (value) => (typeof value === 'number' ? undefined : present(value)));
  const drafts = inOrder(messages).map((message, index) => readChatMessage(message, index + 1));
  if (prompt !== undefined) drafts.unshift(systemMessage(prompt));
  if (answer !== undefined) drafts.push(readChatMessage(answer, drafts.length + 1));
  return { ...readConversationFields(members), messages: drafts };
}

export function systemMessage(prompt: unknown): MessageDraft {
  const source = isObject(prompt) && 'parts' in prompt ? prompt.parts : prompt;
  return { message_from: 'system', ...contentOf(source), metadata: {} };
}

/** Messages that say themselves which comes first. */
function inOrder(messages: unknown[]): unknown[] {
  const sequenceOf = (message: unknown) => (isObject(message) ? numberOf(message.sequence) : undefined);
  if (!messages.every((message) => sequenceOf(message) !== undefined)) return messages;
  return messages.toSorted((one, other) => (sequenceOf(one) ?? 0) - (sequenceOf(other) ?? 0));
}

/** The roles of the messages that a member holds; for telling formats apart. */
export const messagesIn = (source: JsonObject, name = 'messages'): JsonObject[] => {
  const found = source[name];
  return isList(found) ? found.filter(isObject) : [];
};
