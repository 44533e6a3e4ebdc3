import { at, isList, isObject, type JsonObject, objectsOf } from '../json.js';
import { messagesIn, readChat } from './chat.js';
import type { ConversationFormat } from './format.js';

const BLOCKS = [
  'text',
  'toolUse',
  'toolResult',
  'image',
  'document',
  'video',
  'reasoningContent',
  'guardContent',
  'cachePoint',
];
const isBlock = (block: JsonObject) =>
  !('type' in block) && Object.keys(block).length === 1 && BLOCKS.some((name) => name in block);
const isConverse = (value: unknown): boolean =>
  isObject(value) &&
  messagesIn(value).some(
    ({ content }) =>
      isList(content) && content.length > 0 && objectsOf(content).every(isBlock) && content.every(isObject),
  );

/** Requests to Amazon Bedrock's Converse, alone, with their answer, or in the log of its invocations. */
export const bedrock: ConversationFormat = {
  name: 'bedrock',
  title: 'Bedrock Converse',
  knows: (entry) =>
    isConverse(entry) || isConverse(at(entry, 'input', 'inputBodyJson')) || isConverse(entry.request),
  read(entry) {
    const { output, input, request, response, ...others } = entry;
    const asked = [at(input, 'inputBodyJson'), request].filter(isObject).find(isConverse) ?? {};
    const answered = [output, at(response, 'output'), at(output, 'outputBodyJson', 'output')]
      .map((value) => at(value, 'message'))
      .find(isObject);
    const usage = others.usage ?? at(response, 'usage') ?? at(output, 'outputBodyJson', 'usage');
    const answer = answered && { ...answered, ...(usage !== undefined && { usage }) };
    const messages = messagesIn(isConverse(entry) ? entry : asked).map(withResults);
    return readChat({ ...others, ...asked, messages }, { messages: 'messages', system: ['system'], answer });
  },
};

/** What tools answer is said by the user there. */
function withResults(message: JsonObject): JsonObject {
  const blocks = objectsOf(message.content);
  return blocks.length > 0 && blocks.every((block) => 'toolResult' in block)
    ? { ...message, role: 'tool' }
    : message;
}
