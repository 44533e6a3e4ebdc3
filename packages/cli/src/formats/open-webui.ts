import { at, isObject, type JsonObject, objectsOf, textOf } from '../json.js';
import { readChatMessage } from './chat.js';
import { readConversationFields } from './fields.js';
import type { ConversationFormat } from './format.js';
import { Members } from './members.js';
import { branched, pathsOf } from './tree.js';

const historyIn = (entry: JsonObject) =>
  [at(entry, 'chat', 'history'), entry.history].find((history) => isObject(at(history, 'messages')));

/** Chats of Open WebUI: a tree of messages, of which `currentId` ends the shown way. */
export const openWebui: ConversationFormat = {
  name: 'openwebui',
  title: 'Open WebUI export',
  knows: (entry) =>
    historyIn(entry) !== undefined || (isObject(entry.chat) && objectsOf(entry.chat.messages).length > 0),
  read(entry) {
    const { chat, history: _history, messages: _messages, ...others } = entry;
    const { history: _inner, messages: _list, ...settings } = isObject(chat) ? chat : {};
    const fields = readConversationFields(new Members({ ...settings, ...others }));
    const history = historyIn(entry);
    if (history === undefined) {
      return {
        ...fields,
        messages: objectsOf(at(chat, 'messages')).map((message, index) =>
          readChatMessage(message, index + 1),
        ),
      };
    }
    const sources = Object.entries(isObject(history) && isObject(history.messages) ? history.messages : {});
    const nodes = sources.flatMap(([id, source], index) => {
      if (!isObject(source)) return [];
      const { parentId, childrenIds: _children, ...message } = source;
      return [{ id, parentId: textOf(parentId) ?? null, value: readChatMessage(message, index + 1) }];
    });
    return { ...fields, ...branched(pathsOf(nodes, textOf(at(history, 'currentId')))) };
  },
};
