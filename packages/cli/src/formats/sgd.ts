import { isList, isObject, type JsonObject, objectsOf, textOf } from '../json.js';
import { readChat, readChatMessage } from './chat.js';
import type { ConversationDraft } from './draft.js';
import { readConversationFields } from './fields.js';
import type { ConversationFormat } from './format.js';
import { Members } from './members.js';

/** Schema-Guided Dialogues, as they come (turns, whose `SYSTEM` is the assistant) and with messages in their place. */
export const sgd: ConversationFormat = {
  name: 'sgd',
  title: 'Schema-Guided Dialogues',
  knows: (entry) =>
    typeof entry.dialogue_id === 'string' &&
    isList(entry.services) &&
    (isList(entry.turns) || isList(entry.messages)) &&
    !isMultiwoz(entry),
  read: (entry) => (isList(entry.turns) ? readTurns(entry) : readChat(entry, { messages: 'messages' })),
};

const isMultiwoz = ({ dialogue_id: id }: JsonObject) =>
  typeof id === 'string' && /^(?:PMUL|MUL|SNG|SSNG|WOZ)\d*/.test(id);

/** MultiWOZ: version 2.2 as the former; before that a log of texts in turns, under its name. */
export const multiwoz: ConversationFormat = {
  name: 'multiwoz',
  title: 'MultiWOZ',
  knows: (entry) =>
    (isMultiwoz(entry) && isList(entry.turns)) ||
    (objectsOf(entry.log).some(({ text }) => typeof text === 'string') && 'goal' in entry),
  read: (entry) => (isList(entry.turns) ? readTurns(entry) : readLog(entry)),
};

function readTurns({ turns, ...others }: JsonObject): ConversationDraft {
  const messages = objectsOf(turns).map(({ speaker, utterance, ...rest }, index) =>
    readChatMessage({ ...rest, role: roleOf(speaker), content: utterance }, index + 1),
  );
  return { ...readConversationFields(new Members(others)), messages };
}

const roleOf = (speaker: unknown) =>
  typeof speaker === 'string' && /^(system|assistant|agent)$/i.test(speaker) ? 'assistant' : speaker;

function readLog({ log, ...others }: JsonObject): ConversationDraft {
  const messages = objectsOf(log).map(
    ({ text, metadata, dialog_act: acts, span_info: spans, ...rest }, index) => {
      const state = isObject(metadata) && Object.keys(metadata).length > 0 ? { state: metadata } : {};
      const said = {
        ...rest,
        ...state,
        ...(acts !== undefined && { dialog_act: acts }),
        ...(spans !== undefined && { span_info: spans }),
      };
      return readChatMessage(
        { ...said, role: index % 2 === 0 ? 'user' : 'assistant', content: textOf(text) ?? '' },
        index + 1,
      );
    },
  );
  return { ...readConversationFields(new Members(others)), messages };
}
