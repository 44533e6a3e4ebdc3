import { at, isList, isObject, type JsonObject, numberOf, objectsOf } from '../json.js';
import { readChatMessage, systemMessage } from './chat.js';
import type { MessageDraft, Sender } from './draft.js';
import { nameOf, readConversationFields, readMessageFields, readUsage } from './fields.js';
import type { ConversationFormat } from './format.js';
import { Members } from './members.js';
import { contentOf, toPart } from './parts.js';

const ITEM =
  /^(message|reasoning|compaction|item_reference|image_generation_call|.+_call|.+_call_output|.+_call_result|mcp_.+|custom_tool_call.*)$/;

const isItem = (value: JsonObject) =>
  (typeof value.type === 'string' &&
    ITEM.test(value.type) &&
    (value.type !== 'message' || 'role' in value)) ||
  value.object === 'thread.message';

const LISTS = ['input', 'output', 'items', 'data', 'item', 'messages'];
const isItems = (value: unknown): value is unknown[] => {
  const [first] = objectsOf(value);
  return first !== undefined && objectsOf(value).some(isItem);
};

/** OpenAI's Responses and Conversations: items, of which messages are one kind; also threads of its Assistants. */
export const responses: ConversationFormat = {
  name: 'openai-responses',
  title: 'OpenAI Responses or Conversations items',
  knows: (entry) =>
    entry.object === 'response' ||
    LISTS.some((name) => isItems(entry[name])) ||
    (typeof entry.model === 'string' &&
      (typeof entry.input === 'string' || isList(entry.input)) &&
      !('messages' in entry)) ||
    at(entry, 'response', 'object') === 'response',
  read(entry) {
    const { response, request, object, ...others } = entry;
    const source = { ...others, ...(isObject(request) && request), ...(isObject(response) && response) };
    const members = new Members(source);
    const take = (names: string[]) => names.map((name) => members.take([name], itemsOf) ?? []);
    members.drop('first_id', 'last_id', 'has_more', 'object');
    const usage = isObject(source.usage) ? source.usage : undefined;
    const prompt = members.take(['instructions', 'system'], (value) =>
      value === null || value === '' ? undefined : value,
    );
    const items = take(LISTS).flat();
    const messages = inTime(items).map((item, index) => readItem(item, index + 1));
    if (prompt !== undefined) messages.unshift(systemMessage(prompt));
    const last = messages.at(-1);
    if (last && usage) Object.assign(last, readUsage(usage));
    const thread = nameOf(at(items[0], 'thread_id'));
    const fields = readConversationFields(members);
    return { ...fields, id: fields.id ?? thread, messages };
  },
};

const itemsOf = (value: unknown): unknown[] | undefined => {
  if (typeof value === 'string') return [{ role: 'user', content: value }];
  return isList(value) && value.every(isObject) ? value : undefined;
};

/** Threads are listed newest first. */
function inTime(items: unknown[]): unknown[] {
  const isThread = items.every((item) => at(item, 'object') === 'thread.message');
  if (!isThread) return items;
  return items.toSorted(
    (one, other) => (numberOf(at(one, 'created_at')) ?? 0) - (numberOf(at(other, 'created_at')) ?? 0),
  );
}

function readItem(item: unknown, position: number): MessageDraft {
  if (!isObject(item) || typeof item.role === 'string') return readChatMessage(item, position);
  const members = new Members({ id: item.id, created_at: item.created_at, run_id: item.run_id });
  const { content, parts } = contentOf([toPart(item)]);
  return { message_from: senderOfItem(item.type), content, parts, ...readMessageFields(members) };
}

const senderOfItem = (type: unknown): Sender =>
  typeof type === 'string' && /_(output|result|response)$/.test(type) ? 'tool' : 'agent';
