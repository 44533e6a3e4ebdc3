import { at, isList, isObject, type JsonObject, objectsOf } from '../json.js';
import { messagesIn, readChat } from './chat.js';
import type { ConversationFormat, RowFormat } from './format.js';
import { nameOf } from './fields.js';

const TYPES = [
  'human',
  'ai',
  'system',
  'tool',
  'function',
  'chat',
  'HumanMessageChunk',
  'AIMessageChunk',
  'remove',
];

const isConstructor = ({ lc, kwargs }: JsonObject) => lc !== undefined && isObject(kwargs);
const isMessage = (message: JsonObject) =>
  isConstructor(message) ||
  (typeof message.type === 'string' &&
    TYPES.includes(message.type) &&
    ('content' in message || isObject(message.data)));

/** A message in any of LangChain's dumps: plain, `{"type", "data"}`, or a constructor with its arguments. */
function toChatMessage(source: unknown): unknown {
  if (!isObject(source)) return source;
  if (isConstructor(source) && isObject(source.kwargs)) {
    const name = isList(source.id) ? source.id.at(-1) : undefined;
    return toChatMessage({ ...source.kwargs, type: source.kwargs.type ?? name });
  }
  const { data, ...others } = source;
  const message = isObject(data) ? { ...others, ...data } : source;
  const { type, role, additional_kwargs: more, tool_calls: calls, ...rest } = message;
  const isCalled = isList(calls) && calls.length > 0;
  const extra = isObject(more) ? withoutCalls(more, isCalled) : {};
  return {
    ...extra,
    ...rest,
    ...(isCalled && { tool_calls: calls }),
    role: (type === 'chat' ? role : type) ?? role,
  };
}

/** OpenAI's form of the same calls. */
function withoutCalls({ tool_calls: calls, ...others }: JsonObject, isCalled: boolean): JsonObject {
  return isCalled || calls === undefined ? others : { ...others, tool_calls: calls };
}

const isState = (value: unknown): value is JsonObject => isObject(value) && messagesIn(value).some(isMessage);

const readState = (entry: JsonObject, messages: unknown, id?: string) =>
  readChat(
    {
      ...entry,
      ...(id !== undefined && { id }),
      messages: (isList(messages) ? messages : []).map(toChatMessage),
    },
    { messages: 'messages', system: ['system'] },
  );

export const langchain: ConversationFormat = {
  name: 'langchain',
  title: 'LangChain messages',
  knows: isState,
  read: (entry) => readState(entry, entry.messages),
};

/** Where the checkpoints, threads and stores of LangGraph keep the state. */
const STATES = [['values'], ['channel_values'], ['checkpoint', 'channel_values'], ['state'], ['value']];
const stateIn = (entry: JsonObject) => STATES.map((path) => at(entry, ...path)).find(isState);

/** Of the checkpoints of a thread, the one with most messages is the conversation. */
export const langgraph: RowFormat = {
  name: 'langgraph',
  title: 'LangGraph threads or checkpoints',
  knows: (row) => stateIn(row) !== undefined,
  keyOf: (row) =>
    [
      row.thread_id,
      at(row, 'config', 'configurable', 'thread_id'),
      at(row, 'metadata', 'thread_id'),
      at(row, 'checkpoint', 'thread_id'),
      row.id,
      at(row, 'checkpoint', 'id'),
    ]
      .map(nameOf)
      .find((name) => name !== undefined) ?? '',
  readRows(rows, key) {
    const states = rows.map((row) => ({ row, messages: objectsOf(stateIn(row)?.messages) }));
    const longest = states.reduce((one, other) =>
      other.messages.length > one.messages.length ? other : one,
    );
    const { row, messages } = longest;
    const {
      values: _values,
      channel_values: _channels,
      checkpoint: _checkpoint,
      state: _state,
      value: _value,
      thread_id: _id,
      id: _rowId,
      ...others
    } = row;
    const left = Object.entries(stateIn(row) ?? {}).filter(([name]) => name !== 'messages');
    const state = left.length > 0 ? { state: Object.fromEntries(left) } : {};
    return readState({ ...others, ...state }, messages, key === '' ? undefined : key);
  },
};
