import { isList, isObject, type JsonObject, textOf } from '../json.js';
import { readChatMessage, systemMessage } from './chat.js';
import type { ConversationDraft, MessageDraft } from './draft.js';
import { readConversationFields } from './fields.js';
import type { ConversationFormat } from './format.js';
import { Members } from './members.js';
import { readTranscript } from './transcript.js';

const isSaid = (value: unknown) =>
  typeof value === 'string' ||
  isList(value) ||
  (isObject(value) && ('role' in value || 'content' in value || 'value' in value));

/** A member as messages: text of this speaker, a whole conversation as text, or messages themselves. */
const spoken = (value: unknown, role: string): MessageDraft[] => {
  const sources = isList(value)
    ? value
    : typeof value === 'string' && value !== ''
      ? (readTranscript(value) ?? [value])
      : value === undefined || value === null || value === ''
        ? []
        : [value];
  return sources.map((source, index) =>
    readChatMessage(typeof source === 'string' ? { role, content: source } : source, index + 1),
  );
};

/** Preferences (DPO): a prompt with the answer that was chosen, and the rejected one as a branch. */
export const dpo: ConversationFormat = {
  name: 'dpo',
  title: 'preferences (DPO)',
  knows: (entry) => (isSaid(entry.chosen) && isSaid(entry.rejected)) || isPreference(entry),
  read(entry) {
    const {
      system,
      prompt,
      question,
      instruction,
      input,
      chosen,
      rejected,
      preferred_output: better,
      non_preferred_output: worse,
      ...others
    } = entry;
    const asked = [
      ...(textOf(system) === undefined ? [] : [systemMessage(system)]),
      ...spoken(at(input) ?? prompt ?? question ?? withInput(instruction, input), 'user'),
    ];
    const answered = (answer: unknown) => {
      const answers = spoken(answer, 'assistant');
      // Some repeat the prompt in each answer.
      return answers.length > asked.length || asked.length === 0 ? answers : [...asked, ...answers];
    };
    return {
      ...readConversationFields(new Members(others)),
      messages: answered(chosen ?? better),
      branches: [{ id: 'rejected', messages: answered(rejected ?? worse) }],
    } satisfies ConversationDraft;
  },
};

/** OpenAI's lines for preference fine-tuning. */
const isPreference = (entry: JsonObject) =>
  isList(entry.preferred_output) && isList(entry.non_preferred_output);
const at = (input: unknown) => (isObject(input) ? input.messages : undefined);

const QUESTIONS = ['prompt', 'instruction', 'question', 'query', 'input'];
const ANSWERS = ['completion', 'response', 'output', 'answer', 'chosen', 'reply'];
const firstOf = (entry: JsonObject, names: readonly string[]) =>
  names.find((name) => isSaid(entry[name]) && entry[name] !== '');

/** One question with its answer, as models are tuned with; `history` are the pairs before it. */
export const instruct: ConversationFormat = {
  name: 'instruct',
  title: 'question and answer lines',
  knows: (entry) => firstOf(entry, QUESTIONS) !== undefined && firstOf(entry, ANSWERS) !== undefined,
  read(entry) {
    const question = firstOf(entry, QUESTIONS) ?? 'prompt';
    const answer =
      firstOf(
        entry,
        ANSWERS.filter((name) => name !== question),
      ) ?? 'output';
    const { system, history, input, [question]: asked, [answer]: answered, ...others } = entry;
    const pairs = isList(history) ? history.filter(isList) : [];
    const messages = [
      ...(textOf(system) === undefined ? [] : [systemMessage(system)]),
      ...pairs.flatMap(([before, reply]) => [...spoken(before, 'user'), ...spoken(reply, 'assistant')]),
      ...spoken(question === 'input' ? asked : withInput(asked, input), 'user'),
      ...spoken(answered, 'assistant'),
    ];
    return { ...readConversationFields(new Members(others)), messages };
  },
};

/** Alpaca's instructions have what they are about beside them. */
const withInput = (instruction: unknown, input: unknown) =>
  typeof instruction === 'string' && textOf(input) !== undefined
    ? `${instruction}\n${textOf(input) ?? ''}`
    : instruction;
