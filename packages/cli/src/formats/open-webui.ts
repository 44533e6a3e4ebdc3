import { at, isObject, type JsonObject, objectsOf, textOf } from '../json.js';
import { readChatMessage, systemMessage } from './chat.js';
import type { MessageDraft } from './draft.js';
import { readConversationFields } from './fields.js';
import type { ConversationFormat } from './format.js';
import { Members } from './members.js';
import { branched, pathsOf } from './tree.js';

const historyIn = (entry: JsonObject) =>
  [at(entry, 'chat', 'history'), entry.history].find((history) => isObject(at(history, 'messages')));

/** Chats of Open WebUI: a tree of messages, of which `currentId` ends the shown way; a system prompt is a setting. */
export const openWebui: ConversationFormat = {
  name: 'openwebui',
  title: 'Open WebUI export',
  knows: (entry) =>
    historyIn(entry) !== undefined || (isObject(entry.chat) && objectsOf(entry.chat.messages).length > 0),
  read(entry) {
    const { chat, history: _history, messages: _messages, ...others } = entry;
    const { history: _inner, messages: _list, ...settings } = isObject(chat) ? chat : {};
    const fields = readConversationFields(new Members({ ...settings, ...others }));
    const prompt = textOf(at(chat, 'params', 'system')) ?? textOf(at(chat, 'system'));
    const before = prompt === undefined ? [] : [systemMessage(prompt)];
    const history = historyIn(entry);
    if (history === undefined)
      return { ...fields, messages: [...before, ...objectsOf(at(chat, 'messages')).map(readMessage)] };
    const sources = Object.entries(isObject(history) && isObject(history.messages) ? history.messages : {});
    const nodes = sources.flatMap(([id, source], index) => {
      if (!isObject(source)) return [];
      const { parentId, childrenIds: _children, ...message } = source;
      return [{ id, parentId: textOf(parentId) ?? null, value: readMessage(message, index) }];
    });
    const paths = pathsOf(nodes, textOf(at(history, 'currentId')));
    return {
      ...fields,
      ...branched(paths.map(({ id, values }) => ({ id, values: [...before, ...values] }))),
    };
  },
};

/** Without content, what it says are its items, or why there was no answer. */
function readMessage(message: JsonObject, index: number): MessageDraft {
  const { output, error, ...others } = message;
  const isSilent = textOf(message.content) === undefined;
  if (isSilent && objectsOf(output).length > 0)
    return readChatMessage({ ...others, error, content: output }, index + 1);
  if (isSilent && isObject(error))
    return readChatMessage({ ...others, output, content: [{ type: 'error', ...error }] }, index + 1);
  return readChatMessage(message, index + 1);
}
