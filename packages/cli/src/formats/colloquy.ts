import { isObject, type JsonObject, objectsOf, textOf } from '../json.js';
import { messagesIn, readChat, readChatMessage } from './chat.js';
import type { ConversationDraft, MessageDraft } from './draft.js';
import { nameOf } from './fields.js';
import type { ConversationFormat, RowFormat } from './format.js';
import { toPart } from './parts.js';
import { isSender } from './senders.js';

/** Members that say whose it is in the service that it comes from. */
const OF_SERVICE = [
  'tenant_id',
  'tenant_unit_id',
  'created_by',
  'created_by_name',
  'created_by_role',
  'updated_by',
  'updated_by_name',
  'updated_by_role',
  'updated_time',
  'version',
  'forked_from',
  'message_count',
  'conversation_id',
  'sequence',
  'redacted_time',
];
const OWN = [
  'extend_properties',
  'message_count',
  'invoke_from',
  'agent_mode',
  'assignment_id',
  'created_time',
  'external_id',
];

/** What the service stored is as it takes it again, down to blanks: nothing of it has to be understood. */
const asStored = (conversation: JsonObject) => ({
  topic: stringIn(conversation.topic),
  agent_mode: stringIn(conversation.agent_mode),
  agent_type: stringIn(conversation.agent_type),
  invoke_from: stringIn(conversation.invoke_from),
  extend_properties: isObject(conversation.extend_properties) ? conversation.extend_properties : {},
});

const stringIn = (value: unknown) => (typeof value === 'string' ? value : undefined);

const withoutService = (source: JsonObject) =>
  Object.fromEntries(Object.entries(source).filter(([name]) => !OF_SERVICE.includes(name)));

/** A conversation with its messages in the words of Colloquy's API. */
export const colloquy: ConversationFormat = {
  name: 'colloquy',
  title: 'Colloquy',
  knows: (entry) => {
    const messages = messagesIn(entry);
    return (
      messages.some((message) => 'message_from' in message) ||
      (Array.isArray(entry.messages) && OWN.some((name) => name in entry))
    );
  },
  read(entry): ConversationDraft {
    const { external_id: external, id, messages, ...others } = withoutService(entry);
    const draft = readChat({ ...others, messages: [] }, { messages: 'messages' });
    const name = nameOf(external) ?? nameOf(id);
    const isExport = 'message_count' in entry;
    return {
      ...draft,
      ...(isExport && asStored(entry)),
      ...(name !== undefined && { external_id: name }),
      tenant_unit_id: textOf(entry.tenant_unit_id),
      messages: inOrder(objectsOf(messages)).map((message, index) => readOwn(message, index + 1)),
    };
  },
};

const inOrder = (messages: JsonObject[]) =>
  messages.toSorted((one, other) => Number(one.sequence ?? 0) - Number(other.sequence ?? 0));

/** Members that are not in it are null or empty in the service's own messages, and nothing else is in them. */
function readOwn(source: JsonObject, position: number): MessageDraft {
  const isExported = 'sequence' in source && 'requested_time' in source;
  const { external_id: external, id, metadata, ...others } = withoutService(source);
  const named = isExported ? external : (external ?? id);
  const draft = readChatMessage(
    {
      ...others,
      ...(nameOf(named) !== undefined && { external_id: named }),
      ...(!isExported && { metadata }),
    },
    position,
  );
  const said = isSender(source.message_from) ? { ...draft, message_from: source.message_from } : draft;
  if (!isExported) return said;
  return {
    ...said,
    feedback: stringIn(source.feedback),
    content: typeof source.content === 'string' ? source.content : '',
    parts: Array.isArray(source.parts) ? source.parts.map(toPart) : null,
    metadata: isObject(metadata) ? metadata : {},
    user_id: nameOf(source.user_id) ?? null,
    redacted: textOf(source.redacted_time) !== undefined,
  };
}

/** Messages that were read with `GET …/messages`, and so name their conversation. */
export const colloquyRows: RowFormat = {
  name: 'colloquy',
  title: 'Colloquy messages',
  knows: (row) => 'message_from' in row && typeof row.conversation_id === 'string' && 'sequence' in row,
  keyOf: ({ conversation_id: id }) => nameOf(id),
  readRows: (rows, key) => ({
    external_id: key,
    tenant_unit_id: rows.map((row) => textOf(row.tenant_unit_id)).find((unit) => unit !== undefined),
    extend_properties: {},
    messages: inOrder(rows).map((row, index) => readOwn(row, index + 1)),
  }),
};
