import { at, type JsonObject, numberOf, textOf } from '../json.js';
import { readChatMessage } from './chat.js';
import type { MessageDraft } from './draft.js';
import { nameOf, readConversationFields } from './fields.js';
import type { RowFormat } from './format.js';
import { Members } from './members.js';
import { timeOf } from './times.js';

/** Messages of Dify: a row is a question with its answer. */
export const dify: RowFormat = {
  name: 'dify',
  title: 'Dify messages',
  knows: ({ query, answer, conversation_id: id }) =>
    typeof query === 'string' && typeof answer === 'string' && nameOf(id) !== undefined,
  keyOf: ({ conversation_id: id }) => nameOf(id),
  readRows(rows, key) {
    const [first] = rows.toSorted(byTime);
    const {
      inputs,
      from_end_user_id: endUser,
      from_account_id: account,
      created_at: created,
      conversation_name: name,
    } = first ?? {};
    return {
      ...readConversationFields(
        new Members({ inputs, user_id: endUser ?? account, created_at: created, name }),
      ),
      id: key,
      messages: rows.toSorted(byTime).flatMap(readRow),
    };
  },
};

const byTime = (one: JsonObject, other: JsonObject) =>
  (timeOf(one.created_at) ?? 0) - (timeOf(other.created_at) ?? 0);

function readRow(row: JsonObject): MessageDraft[] {
  const {
    query,
    answer,
    conversation_id: _key,
    inputs: _inputs,
    id,
    created_at: created,
    message_files: files,
    message_tokens: read,
    answer_tokens: written,
    ...others
  } = row;
  const usage = at(row.metadata, 'usage');
  const asked = {
    role: 'user',
    content: query,
    created_at: created,
    files,
    ...(textOf(id) && { id: `${String(id)}:query` }),
  };
  const answered = {
    ...others,
    role: 'assistant',
    content: answer,
    id,
    created_at: created,
    input_tokens: numberOf(read),
    answer_tokens: numberOf(written),
    usage,
  };
  return [readChatMessage(asked, 1), readChatMessage(answered, 2)];
}
