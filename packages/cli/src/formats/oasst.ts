import { at, isObject, type JsonObject, numberOf, objectsOf, textOf } from '../json.js';
import { readChatMessage } from './chat.js';
import type { ConversationDraft } from './draft.js';
import type { ConversationFormat, RowFormat } from './format.js';
import { branched, pathsOf } from './tree.js';

/** Rows of OpenAssistant: messages of a tree; at each the best ranked answer was shown. */
export const oasstRows: RowFormat = {
  name: 'oasst',
  title: 'OpenAssistant messages',
  knows: (row) => typeof row.message_tree_id === 'string' && typeof row.message_id === 'string',
  keyOf: ({ message_tree_id: tree }) => textOf(tree),
  readRows: (rows, key) => ({ id: key, extend_properties: {}, ...treeOf(rows) }),
};

/** The same with the answers within. */
export const oasst: ConversationFormat = {
  name: 'oasst',
  title: 'OpenAssistant trees',
  knows: ({ prompt }) => isObject(prompt) && ('replies' in prompt || typeof prompt.message_id === 'string'),
  read({ prompt, message_tree_id: tree, ...others }) {
    return {
      id: textOf(tree) ?? textOf(at(prompt, 'message_id')),
      extend_properties: others,
      ...treeOf(isObject(prompt) ? flatten(prompt, null) : []),
    };
  },
};

const flatten = ({ replies, ...message }: JsonObject, parent: string | null): JsonObject[] => {
  const id = textOf(message.message_id) ?? `${parent ?? ''}/`;
  return [
    { ...message, message_id: id, parent_id: parent },
    ...objectsOf(replies).flatMap((reply) => flatten(reply, id)),
  ];
};

function treeOf(rows: readonly JsonObject[]): Pick<ConversationDraft, 'messages' | 'branches'> {
  // The best is the last that is looked at.
  const ranked = rows.toSorted((one, other) => rankOf(other) - rankOf(one));
  const nodes = ranked.map((row, index) => {
    const { message_id: id, parent_id: parent, message_tree_id: _tree, ...others } = row;
    const value = readChatMessage({ ...others, id }, index + 1);
    return { id: textOf(id) ?? String(index), parentId: textOf(parent) ?? null, value };
  });
  return branched(pathsOf(nodes));
}

const rankOf = ({ rank }: JsonObject) => numberOf(rank) ?? Number.MAX_SAFE_INTEGER;
