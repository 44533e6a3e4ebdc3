import { isList, isObject, objectsOf, textOf } from '../json.js';
import { readChatMessage } from './chat.js';
import { type MessageDraft, Unreadable } from './draft.js';
import { readConversationFields } from './fields.js';
import type { ConversationFormat } from './format.js';
import { Members } from './members.js';
import { branched, pathsOf } from './tree.js';

/** The export of claude.ai: `chat_messages`, whose text stands twice, and files with their text. */
export const claude: ConversationFormat = {
  name: 'claude',
  title: 'Claude export',
  knows: ({ chat_messages: messages }) => isList(messages),
  read(entry) {
    const { chat_messages: messages, current_leaf_message_uuid: current, uuid, ...others } = entry;
    if (!isList(messages))
      throw new Unreadable('no conversation of a Claude export: it has no chat_messages');
    const fields = readConversationFields(new Members({ id: uuid, ...others }));
    const sources = objectsOf(messages);
    const drafts = sources.map((source, index) => readMessage(source, index + 1));
    const parents = sources.map(({ parent_message_uuid: parent }) => textOf(parent));
    if (!parents.some((parent) => parent !== undefined)) return { ...fields, messages: drafts };
    const nodes = drafts.map((value, index) => ({
      id: textOf(sources[index]?.uuid) ?? String(index),
      parentId: parents[index] ?? null,
      value,
    }));
    return { ...fields, ...branched(pathsOf(nodes, textOf(current))) };
  },
};

function readMessage(source: Record<string, unknown>, position: number): MessageDraft {
  const { content, text, attachments, files, ...others } = source;
  const pieces = objectsOf(content);
  const [only] = pieces;
  const isPlain = pieces.length === 1 && only?.type === 'text' && only.text === text;
  const beside = [...filePieces(attachments, 'attachment'), ...filePieces(files, 'file')];
  const said = pieces.length === 0 || isPlain ? text : content;
  return readChatMessage(
    { ...others, content: beside.length === 0 ? said : [...(isList(said) ? said : [said]), ...beside] },
    position,
  );
}

const filePieces = (source: unknown, type: string) =>
  objectsOf(source)
    .filter((file) => isObject(file))
    .map((file) => ({ type, ...file }));
