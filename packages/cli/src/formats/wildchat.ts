import { isObject, type JsonObject, objectsOf } from '../json.js';
import { readChat } from './chat.js';
import { nameOf } from './fields.js';
import type { ConversationFormat } from './format.js';

const isTurn = (turn: JsonObject) => 'role' in turn && 'content' in turn;

/** A row of WildChat, known by its hash. */
export const wildchat: ConversationFormat = {
  name: 'wildchat',
  title: 'WildChat rows',
  knows: ({ conversation, conversation_hash: hash }) =>
    typeof hash === 'string' && objectsOf(conversation).some(isTurn),
  read: (entry) => readChat(entry, { messages: 'conversation' }),
};

const SIDES = ['a', 'b'] as const;

/** A row of LMSYS-Chat-1M, or of the Arena: there two conversations, one with each model. */
export const lmsys: ConversationFormat = {
  name: 'lmsys',
  title: 'LMSYS rows',
  knows: (entry) => ['conversation', 'conversation_a'].some((name) => objectsOf(entry[name]).some(isTurn)),
  read(entry) {
    if (isObject(entry.conversation) || Array.isArray(entry.conversation))
      return readChat(entry, { messages: 'conversation' });
    const {
      conversation_a: _a,
      conversation_b: _b,
      model_a: _modelA,
      model_b: _modelB,
      question_id: question,
      ...others
    } = entry;
    const rows = SIDES.filter((side) => objectsOf(entry[`conversation_${side}`]).length > 0);
    return rows.map((side) =>
      readChat(
        {
          ...others,
          ...(nameOf(question) !== undefined && { id: `${nameOf(question) ?? ''}:${side}` }),
          model: entry[`model_${side}`],
          conversation: entry[`conversation_${side}`],
        },
        { messages: 'conversation' },
      ),
    );
  },
};
