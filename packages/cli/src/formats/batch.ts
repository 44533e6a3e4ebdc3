import { at, isObject } from '../json.js';
import type { ConversationDraft } from './draft.js';
import { anthropic } from './anthropic.js';
import type { ConversationFormat } from './format.js';
import { Members } from './members.js';
import { openai } from './openai.js';
import { responses } from './responses.js';

/** Lines of a batch, of OpenAI (`body`, `response`) and of Anthropic (`params`, `result`): what was asked, or the answer. */
export const batch: ConversationFormat = {
  name: 'batch',
  title: 'batch requests and results',
  knows: ({ custom_id: id, body, params, response, result }) =>
    typeof id === 'string' && [body, params, response, result].some(isObject),
  read(entry) {
    const { custom_id: id, body, params, response, result, ...others } = entry;
    const source = body ?? params ?? at(response, 'body') ?? at(result, 'message');
    const draft = isObject(source) ? readBody(source) : { extend_properties: {}, messages: [] };
    const rest = { ...draft.extend_properties, ...new Members(others).rest() };
    return { ...draft, id: typeof id === 'string' ? id : undefined, extend_properties: rest };
  },
};

function readBody(source: Record<string, unknown>): ConversationDraft {
  const isAnswer = typeof source.role === 'string';
  const entry = isAnswer ? { messages: [source] } : source;
  const format = [responses, anthropic].find((one) => one.knows(entry)) ?? openai;
  const drafts = format.read(entry);
  return Array.isArray(drafts) ? (drafts[0] ?? { extend_properties: {}, messages: [] }) : drafts;
}
