import { at, isObject, type JsonObject, objectsOf, textOf } from '../json.js';
import { readChat, readChatMessage } from './chat.js';
import type { MessageDraft } from './draft.js';
import { readConversationFields, readUsage } from './fields.js';
import type { ConversationFormat } from './format.js';
import { Members } from './members.js';

const isContent = ({ parts }: JsonObject) =>
  objectsOf(parts).length > 0 || typeof at(parts, 'text') === 'string';
const contentsIn = (entry: JsonObject): JsonObject[] =>
  [entry.contents, entry.history, entry.messages, at(entry, 'request', 'contents')]
    .map(objectsOf)
    .find((list) => list.some(isContent) && !list.some(hasTypes)) ?? [];
/** Parts of the AI SDK have types, Gemini's have none. */
const hasTypes = ({ parts }: JsonObject) => objectsOf(parts).some(({ type }) => typeof type === 'string');
const chunksIn = (entry: JsonObject) => objectsOf(at(entry, 'chunkedPrompt', 'chunks'));

/** Requests to Gemini, its tuning lines, and the files of AI Studio. */
export const gemini: ConversationFormat = {
  name: 'gemini',
  title: 'Gemini contents',
  knows: (entry) => contentsIn(entry).length > 0 || chunksIn(entry).length > 0,
  read(entry) {
    const {
      contents: _contents,
      history: _history,
      messages: _messages,
      chunkedPrompt,
      request,
      response,
      candidates,
      usageMetadata,
      ...others
    } = entry;
    const source: JsonObject = { ...others, ...(isObject(request) && { ...request, contents: undefined }) };
    const prompt = source.systemInstruction ?? source.system_instruction;
    const chunks = chunksIn(entry);
    const turns = chunks.length > 0 ? chunks : contentsIn(entry);
    const [answer] = objectsOf(candidates ?? at(response, 'candidates'));
    const usage = usageMetadata ?? at(response, 'usageMetadata');
    const messages = [...turns, ...(isObject(answer?.content) ? [{ ...answer.content, usage }] : [])].map(
      readTurn,
    );
    const { messages: system } = readChat(
      { messages: [], prompt: isSystem(prompt) ? prompt : undefined },
      { messages: 'messages', system: ['prompt'] },
    );
    const members = new Members(source);
    if (system.length > 0) members.drop('systemInstruction', 'system_instruction');
    return { ...readConversationFields(members), messages: [...system, ...messages] };
  },
};

const isSystem = (prompt: unknown) =>
  textOf(prompt) !== undefined ||
  textOf(at(prompt, 'text')) !== undefined ||
  (isObject(prompt) && 'parts' in prompt);

function readTurn(turn: JsonObject, index: number): MessageDraft {
  const { role, parts, isThought, tokenCount, usage, text, ...others } = turn;
  const pieces = objectsOf(parts);
  const isAnswer =
    pieces.length > 0 && pieces.every((part) => 'functionResponse' in part || 'function_response' in part);
  const content = isThought === true ? [{ type: 'thought', text }] : (parts ?? text ?? '');
  const draft = readChatMessage(
    { ...others, role: isAnswer ? 'tool' : (role ?? 'user'), content: plain(content) },
    index + 1,
  );
  const tokens = readUsage(usage);
  const own =
    typeof tokenCount === 'number'
      ? { [draft.message_from === 'agent' ? 'answer_tokens' : 'input_tokens']: tokenCount }
      : {};
  return { ...draft, ...own, ...(isObject(usage) && tokens) };
}

/** One part of nothing but text is plain text. */
function plain(content: unknown): unknown {
  const [only, ...more] = objectsOf(content);
  return more.length === 0 && only && Object.keys(only).length === 1 && typeof only.text === 'string'
    ? only.text
    : content;
}
