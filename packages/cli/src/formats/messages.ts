import { isObject, type JsonObject } from '../json.js';
import { readChatMessage } from './chat.js';
import { nameOf, readConversationFields } from './fields.js';
import type { RowFormat } from './format.js';
import { Members } from './members.js';
import { senderOf } from './senders.js';

const KEYS = [
  'conversation_id',
  'conversationId',
  'session_id',
  'sessionId',
  'thread_id',
  'threadId',
  'chat_id',
  'chatId',
  'dialogue_id',
  'dialog_id',
  'conversation',
  'session',
  'thread',
  'chat',
];
const ROLES = ['role', 'message_from', 'from', 'sender', 'speaker', 'author', 'type', 'message_type'];
const TEXTS = [
  'content',
  'text',
  'message',
  'value',
  'body',
  'utterance',
  'parts',
  'data',
  'tool_calls',
  'function_call',
];
const OF_CONVERSATION = ['topic', 'title', 'conversation_title'];

/** A message a line, or a row, in the order of the file. Those that name no conversation are one. */
export const messageRows: RowFormat = {
  name: 'messages',
  title: 'one message a line',
  knows: (row) =>
    ROLES.some((name) => senderOf(isObject(row[name]) ? row[name].role : row[name]) !== undefined) &&
    TEXTS.some((name) => row[name] !== undefined),
  keyOf: (row) => keyNameOf(row) ?? '',
  readRows(rows, key) {
    const [first = {}] = rows;
    const named = Object.fromEntries(
      Object.entries(first).filter(([name]) => OF_CONVERSATION.includes(name)),
    );
    const { title = named.conversation_title } = named;
    const fields = readConversationFields(new Members({ topic: named.topic, title }));
    const messages = rows.map((row, index) => readChatMessage(withoutKey(row), index + 1));
    return { ...fields, ...(key !== '' && { id: key }), messages };
  },
};

/** Whether a row says itself which conversation it belongs to. */
export const keyNameOf = (row: JsonObject) =>
  KEYS.map((name) => nameOf(row[name])).find((name) => name !== undefined);

export const withoutKey = (row: JsonObject) =>
  Object.fromEntries(
    Object.entries(row).filter(
      ([name, value]) =>
        !OF_CONVERSATION.includes(name) && !(KEYS.includes(name) && nameOf(value) === keyNameOf(row)),
    ),
  );
