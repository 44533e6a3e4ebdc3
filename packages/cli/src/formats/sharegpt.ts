import { isObject, type JsonObject, objectsOf, textOf } from '../json.js';
import { readChat } from './chat.js';
import type { ConversationDraft } from './draft.js';
import type { ConversationFormat } from './format.js';

const LISTS = ['conversations', 'conversation', 'items', 'messages', 'dialog', 'dialogue'];
const listIn = (entry: JsonObject) =>
  LISTS.find((name) => objectsOf(entry[name]).some((turn) => 'from' in turn && 'value' in turn));

/** ShareGPT and what is trained on: turns of `from` and `value`; also the chosen and the rejected answer of LLaMA-Factory. */
export const sharegpt: ConversationFormat = {
  name: 'sharegpt',
  title: 'ShareGPT',
  knows: (entry) => listIn(entry) !== undefined,
  read(entry): ConversationDraft {
    const { chosen, rejected, tools, ...others } = entry;
    const messages = listIn(entry) ?? 'conversations';
    const source = { ...others, ...(textOf(tools) && { tools }), ...(Array.isArray(tools) && { tools }) };
    const read = (answer?: unknown) =>
      readChat(source, { messages, system: ['system', 'system_prompt'], answer });
    const draft = read(isObject(chosen) ? chosen : undefined);
    return isObject(rejected)
      ? { ...draft, branches: [{ id: 'rejected', messages: read(rejected).messages }] }
      : draft;
  },
};
