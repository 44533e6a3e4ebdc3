import { isObject, objectsOf } from '../json.js';
import { messagesIn, readChat } from './chat.js';
import type { ConversationFormat } from './format.js';

const BLOCKS = [
  'tool_use',
  'tool_result',
  'thinking',
  'redacted_thinking',
  'server_tool_use',
  'document',
  'image',
];

/** Requests to Anthropic's messages API: a system prompt beside the messages, content in blocks. */
export const anthropic: ConversationFormat = {
  name: 'anthropic',
  title: 'Anthropic messages',
  knows: (entry) => {
    const messages = messagesIn(entry);
    const blocks = messages.flatMap(({ content }) => objectsOf(content));
    const hasBlocks = blocks.some(({ type }) => typeof type === 'string' && BLOCKS.includes(type));
    const isAsked = 'max_tokens' in entry && 'system' in entry;
    const isClaude = typeof entry.model === 'string' && entry.model.startsWith('claude');
    return (
      messages.some(({ role }) => role === 'user' || role === 'assistant') &&
      (hasBlocks || isAsked || isClaude)
    );
  },
  read(entry) {
    const { response, ...others } = entry;
    const isAnswer = isObject(response) && response.role === 'assistant';
    return readChat(isAnswer ? others : entry, {
      messages: 'messages',
      system: ['system'],
      ...(isAnswer && { answer: response }),
    });
  },
};
