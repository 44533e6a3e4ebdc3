import { at, isObject, type JsonObject, objectsOf, textOf } from '../json.js';
import { readChatMessage } from './chat.js';
import type { ConversationDraft, MessageDraft } from './draft.js';
import { readConversationFields } from './fields.js';
import type { ConversationFormat } from './format.js';
import { Members } from './members.js';

const ENVELOPES =
  /^(user|assistant|system|reasoning|hidden_reasoning|tool_call|tool_return|approval_request|approval_response)_message$/;
const isEnvelope = ({ message_type: type }: JsonObject) => typeof type === 'string' && ENVELOPES.test(type);
const listIn = (entry: JsonObject) =>
  [objectsOf(entry.messages), objectsOf(entry.data)].find((list) => list.length > 0) ?? [];

/** Agents of Letta (`.af`), whose messages are one conversation, and its answers, in which thoughts and calls stand apart. */
export const letta: ConversationFormat = {
  name: 'letta',
  title: 'Letta agents or messages',
  knows: (entry) =>
    listIn(entry).some(isEnvelope) ||
    (listIn(entry).length > 0 &&
      ('agent_type' in entry || 'in_context_message_ids' in entry || 'core_memory' in entry)),
  read(entry): ConversationDraft {
    const { messages: _messages, data: _data, ...others } = entry;
    const { agent_type: type, id, name, created_at: created, description, llm_config: model } = others;
    const isAgent = type !== undefined || 'core_memory' in others || 'in_context_message_ids' in others;
    const source = isAgent
      ? { agent_type: type, id, name, created_at: created, description, model: at(model, 'model') }
      : others;
    return {
      ...readConversationFields(new Members(source)),
      messages: listIn(entry).map((message, index) => readMessage(message, index + 1)),
    };
  },
};

function readMessage(message: JsonObject, position: number): MessageDraft {
  const {
    message_type: type,
    reasoning,
    tool_call: call,
    tool_calls: calls,
    tool_return: returned,
    content,
    ...others
  } = message;
  if (!isEnvelope(message)) return readChatMessage(message, position);
  const role = textOf(type)?.replace(/_message$/, '');
  const piece = (source: JsonObject) =>
    readChatMessage({ ...others, role: 'assistant', content: [source] }, position);
  if (role === 'reasoning' || role === 'hidden_reasoning')
    return piece({ type: 'reasoning', reasoning: reasoning ?? message.hidden_reasoning });
  if (role === 'tool_call' || role === 'approval_request') {
    const list = objectsOf(calls).length > 0 ? objectsOf(calls) : isObject(call) ? [call] : [];
    return readChatMessage(
      { ...others, role: 'assistant', content: list.map((one) => ({ type: 'tool_call', ...one })) },
      position,
    );
  }
  if (role === 'tool_return')
    return readChatMessage({ ...others, role: 'tool', content: returned }, position);
  return readChatMessage(
    { ...others, role: role === 'approval_response' ? 'user' : role, content },
    position,
  );
}
