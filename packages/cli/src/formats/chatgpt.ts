import { at, isList, isObject, type JsonObject } from '../json.js';
import { type MessageDraft, Unreadable } from './draft.js';
import { readConversationFields, readMessageFields } from './fields.js';
import type { ConversationFormat } from './format.js';
import { Members } from './members.js';
import { contentOf, toPart } from './parts.js';
import { senderOf } from './senders.js';
import { branched, pathsOf, type TreeNode } from './tree.js';

/** The export of ChatGPT (`conversations.json`): a tree of messages, of which `current_node` ends the shown way. */
export const chatgpt: ConversationFormat = {
  name: 'chatgpt',
  title: 'ChatGPT export',
  knows: ({ mapping }) =>
    isObject(mapping) && Object.values(mapping).some((node) => isObject(node) && 'message' in node),
  read(entry) {
    if (!isObject(entry.mapping))
      throw new Unreadable('no conversation of a ChatGPT export: it has no mapping');
    const { mapping, current_node: current, ...others } = entry;
    const members = new Members(others);
    members.drop('id', 'conversation_id');
    const paths = pathsOf(nodesOf(mapping), typeof current === 'string' ? current : undefined);
    const spoken = paths.map(({ id, values }) => ({
      id,
      values: values.filter((message) => message !== null),
    }));
    const fields = readConversationFields(
      new Members({ id: entry.conversation_id ?? entry.id, ...members.rest() }),
    );
    return { ...fields, ...branched(spoken) };
  },
};

function nodesOf(mapping: JsonObject): TreeNode<MessageDraft | null>[] {
  return Object.entries(mapping).flatMap(([id, node]) =>
    isObject(node)
      ? [
          {
            id,
            parentId: typeof node.parent === 'string' ? node.parent : null,
            value: toMessage(node.message, id),
          },
        ]
      : [],
  );
}

/** Null where the tree only has a place, or a hidden message that says nothing. */
function toMessage(source: unknown, id: string): MessageDraft | null {
  if (!isObject(source)) return null;
  const members = new Members(source);
  members.drop('content', 'author', 'update_time', 'end_turn', 'weight', 'status', 'channel', 'recipient');
  const role = at(source, 'author', 'role');
  const sender = senderOf(role);
  if (!sender) throw new Unreadable(`message ${id.slice(0, 40)} has an unknown role`);
  const { content, parts } = readContent(source.content);
  if (content === '' && (parts === null || parts.every(({ text }) => text === ''))) return null;
  const fields = readMessageFields(members);
  const name = at(source, 'author', 'name');
  const { recipient } = source;
  return {
    message_from: sender,
    content,
    parts,
    ...fields,
    metadata: {
      ...fields.metadata,
      ...(typeof name === 'string' && { name }),
      ...(typeof recipient === 'string' && recipient !== 'all' && { recipient }),
    },
  };
}

/** `{"content_type": "text", "parts": ["…"]}` is plain text; all other kinds are kept whole. */
function readContent(content: unknown) {
  if (!isObject(content)) return contentOf(content);
  const { content_type: type, parts } = content;
  if (!isList(parts)) return contentOf([typeof type === 'string' ? { type, ...content } : content]);
  const [only] = parts;
  if (type === 'text' && parts.length === 1 && typeof only === 'string') return contentOf(only);
  return contentOf(
    parts.map((part) =>
      isObject(part) && typeof part.content_type === 'string'
        ? { type: part.content_type, ...part }
        : toPart(part),
    ),
  );
}
