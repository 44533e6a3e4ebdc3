import { objectsOf } from '../json.js';
import { readChat } from './chat.js';
import type { ConversationFormat } from './format.js';

/** Taskmaster, and what else calls its messages utterances: each with its speaker and its text. */
export const taskmaster: ConversationFormat = {
  name: 'taskmaster',
  title: 'Taskmaster dialogues',
  knows: ({ utterances }) =>
    objectsOf(utterances).some(
      ({ speaker, text }) => typeof speaker === 'string' && typeof text === 'string',
    ),
  read: (entry) => readChat(entry, { messages: 'utterances' }),
};
