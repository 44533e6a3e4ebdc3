import { isList, type JsonObject, objectsOf } from '../json.js';
import { messagesIn, readChat } from './chat.js';
import type { ConversationFormat } from './format.js';

const MODEL_PARTS = ['tool-call', 'tool-result', 'tool-approval-request'];

const isUiMessage = (message: JsonObject) =>
  typeof message.role === 'string' &&
  isList(message.parts) &&
  objectsOf(message.parts).every(({ type }) => typeof type === 'string') &&
  !('message_from' in message);
const isModelMessage = ({ content }: JsonObject) =>
  objectsOf(content).some(({ type }) => typeof type === 'string' && MODEL_PARTS.includes(type));

/** Chats of Vercel's AI SDK: UI messages, whose parts are the whole, and model messages. */
export const aiSdk: ConversationFormat = {
  name: 'ai-sdk',
  title: 'AI SDK messages',
  knows: (entry) =>
    messagesIn(entry).some(
      (message) => isUiMessage(message) || isModelMessage(message) || 'toolInvocations' in message,
    ),
  read: (entry) =>
    readChat(
      { ...entry, messages: messagesIn(entry).map(withCalls) },
      { messages: 'messages', system: ['system'] },
    ),
};

/** Version 4 had the calls beside the parts, and often in these too. */
function withCalls(message: JsonObject): JsonObject {
  const { toolInvocations: calls, parts, ...others } = message;
  if (!isList(calls) || calls.length === 0) return { ...others, parts };
  const pieces = objectsOf(parts);
  if (pieces.some(({ type }) => type === 'tool-invocation')) return { ...others, parts };
  return pieces.length === 0
    ? { ...others, toolInvocations: calls }
    : {
        ...others,
        parts: [
          ...pieces,
          ...objectsOf(calls).map((call) => ({ type: 'tool-invocation', toolInvocation: call })),
        ],
      };
}
