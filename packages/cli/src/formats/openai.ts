import { at, isList, isObject, objectsOf } from '../json.js';
import { messagesIn, readChat } from './chat.js';
import type { ConversationFormat } from './format.js';
import { senderOf } from './senders.js';

/** Chat completions and fine-tuning lines, and whatever else is a list of messages with roles. */
export const openai: ConversationFormat = {
  name: 'openai',
  title: 'OpenAI chat',
  knows: (entry) => {
    const messages = entry.messages;
    const [first] = messagesIn(entry);
    const role = first?.role ?? first?.from ?? first?.sender ?? first?.author ?? first?.speaker;
    const speaker = isObject(role) ? role.role : role;
    return (
      (isList(messages) && messages.length > 0 && senderOf(speaker) !== undefined) ||
      choicesIn(entry).length > 0
    );
  },
  read(entry) {
    const { response, choices, ...others } = entry;
    const answer =
      choicesIn(entry)[0]?.message ?? (isObject(response) && 'role' in response ? response : undefined);
    const isAnswer = answer !== undefined;
    const usage = at(response, 'usage') ?? (choices === undefined ? undefined : others.usage);
    const beside = isObject(answer) && isObject(usage) ? { ...answer, usage } : answer;
    const source = isAnswer ? others : { ...others, response, choices };
    return readChat(source, {
      messages: 'messages',
      system: ['system', 'system_prompt', 'systemPrompt', 'instructions'],
      answer: beside,
    });
  },
};

/** The answers of a completion, alone or beside what was asked. */
const choicesIn = ({ choices, response }: Record<string, unknown>) =>
  objectsOf(choices ?? at(response, 'choices')).filter(({ message }) => isObject(message));
