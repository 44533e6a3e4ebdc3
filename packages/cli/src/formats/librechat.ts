import { isObject, type JsonObject, objectsOf, textOf } from '../json.js';
import { readChatMessage, systemMessage } from './chat.js';
import type { ConversationDraft, MessageDraft } from './draft.js';
import { readConversationFields } from './fields.js';
import type { ConversationFormat, RowFormat } from './format.js';
import { Members } from './members.js';
import { branched, pathsOf, type TreeNode } from './tree.js';

const isMessage = (message: JsonObject) => 'isCreatedByUser' in message && 'messageId' in message;
const listIn = (entry: JsonObject) =>
  [entry.messages, entry.messagesTree].map(objectsOf).find((messages) => messages.some(isMessage));

/** What stands before all messages, by the names that LibreChat's endpoints have for it. */
const PROMPTS = ['promptPrefix', 'system', 'instructions'];

/**
 * Chats of LibreChat: messages in a list or, `recursive`, with their answers within; the latest answer was shown. A system
 * prompt is an option.
 */
export const librechat: ConversationFormat = {
  name: 'librechat',
  title: 'LibreChat export',
  knows: (entry) => listIn(entry) !== undefined,
  read({ messages, messagesTree, conversationId, options, ...others }) {
    const members = new Members({ ...others, ...(isObject(options) && options), id: conversationId });
    const prompt = members.take(PROMPTS, textOf);
    const before = prompt === undefined ? [] : [systemMessage(prompt)];
    const { messages: shown, branches } = tree(listIn({ messages, messagesTree }) ?? []);
    return {
      ...readConversationFields(members),
      messages: [...before, ...shown],
      ...(branches && {
        branches: branches.map((branch) => ({ ...branch, messages: [...before, ...branch.messages] })),
      }),
    };
  },
};

/** The same as LibreChat's database has them: a line a message. */
export const librechatRows: RowFormat = {
  name: 'librechat',
  title: 'LibreChat messages',
  knows: (row) => isMessage(row) && typeof row.conversationId === 'string',
  keyOf: ({ conversationId }) => textOf(conversationId),
  readRows: (rows, key): ConversationDraft => ({ id: key, extend_properties: {}, ...tree(rows) }),
};

function tree(messages: JsonObject[]): Pick<ConversationDraft, 'messages' | 'branches'> {
  const nodes = flatten(messages, null);
  const hasParents = nodes.some(({ parentId }) => nodes.some(({ id }) => id === parentId));
  return hasParents ? branched(pathsOf(nodes)) : { messages: nodes.map(({ value }) => value) };
}

function flatten(messages: readonly JsonObject[], parent: string | null): TreeNode<MessageDraft>[] {
  return messages.flatMap((source, index) => {
    const {
      messageId,
      parentMessageId,
      children,
      conversationId: _id,
      isCreatedByUser,
      sender,
      text,
      content,
      ...others
    } = source;
    const id = textOf(messageId) ?? `${parent ?? ''}/${index}`;
    const says = objectsOf(content).length > 0 ? content : (text ?? content);
    const value = readChatMessage(
      {
        ...others,
        id,
        role: isCreatedByUser === true ? 'user' : 'assistant',
        content: says,
        sender_name: sender,
      },
      index + 1,
    );
    return [
      { id, parentId: parent ?? textOf(parentMessageId) ?? null, value },
      ...flatten(objectsOf(children), id),
    ];
  });
}
