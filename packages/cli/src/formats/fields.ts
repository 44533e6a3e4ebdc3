import { isObject, numberOf, textOf } from '../json.js';
import { type ConversationDraft, type MessageDraft, isStatus, type Status } from './draft.js';
import type { Members } from './members.js';
import { timeOf } from './times.js';

const MAX_TOKENS = 2 ** 31 - 1;
const MAX_FEEDBACK = 2000;
const AGENT_ID = /^[A-Za-z0-9._:-]{1,64}$/;
const NAME = /^[\x21-\x7e]{1,255}$/;

/** Ids that belong to others: 1 to 255 visible ASCII characters, of whatever was a number or MongoDB's `$oid` too. */
export function nameOf(value: unknown): string | undefined {
  const plain = isObject(value) && '$oid' in value ? value.$oid : value;
  const text = typeof plain === 'number' ? String(plain) : plain;
  return typeof text === 'string' && NAME.test(text) ? text : undefined;
}

const agentIdOf = (value: unknown) => (typeof value === 'string' && AGENT_ID.test(value) ? value : undefined);
/** As any id, and also a user in full. */
const userOf = (value: unknown) =>
  nameOf(value) ?? (isObject(value) ? nameOf(value.id ?? value.uuid) : undefined);
const wordOf = (value: unknown) =>
  typeof value === 'string' && value !== '' && value.length <= 64 ? value : undefined;
const statusOf = (value: unknown): Status | undefined => (isStatus(value) ? value : undefined);
export const titleOf = (value: unknown) =>
  typeof value === 'string' && value.trim() !== '' && value.length <= 255 ? value.trim() : undefined;
const flagOf = (value: unknown) => (value === true ? true : undefined);
const objectOf = (value: unknown) => (isObject(value) ? value : undefined);

function tokensOf(value: unknown): number | undefined {
  const number = numberOf(value);
  return number !== undefined && Number.isInteger(number) && number >= 0 && number <= MAX_TOKENS
    ? number
    : undefined;
}

/** What a reader thought, as text: a word, a number, or an object such as `{"rating": "like"}`. */
function feedbackOf(value: unknown): string | undefined {
  if (value === null || value === undefined || value === '') return undefined;
  const text =
    isObject(value) && typeof value.rating === 'string' && Object.keys(value).length === 1
      ? value.rating
      : value;
  const words = typeof text === 'string' ? text : JSON.stringify(text);
  return words.length <= MAX_FEEDBACK ? words : undefined;
}

const TIMES = [
  'created_time',
  'created_at',
  'createdAt',
  'create_time',
  'created',
  'timestamp',
  'created_date',
  'date',
  'time',
  'datetime',
  'ts',
  'tstamp',
  'inserted_at',
  'send_date',
  'started_at',
];
const CONVERSATION_IDS = [
  'id',
  'conversation_id',
  'conversationId',
  'thread_id',
  'threadId',
  'session_id',
  'sessionId',
  'chat_id',
  'chatId',
  'dialogue_id',
  'dialog_id',
  'conversation_hash',
  'uuid',
  '_id',
];
const INPUT_TOKENS = [
  'input_tokens',
  'prompt_tokens',
  'inputTokens',
  'promptTokens',
  'promptTokenCount',
  'prompt_token_count',
  'prompt_eval_count',
  'input',
];
const ANSWER_TOKENS = [
  'answer_tokens',
  'output_tokens',
  'completion_tokens',
  'outputTokens',
  'completionTokens',
  'candidatesTokenCount',
  'candidates_token_count',
  'eval_count',
  'output',
];
const TOTAL_TOKENS = ['total_tokens', 'totalTokens', 'totalTokenCount', 'total_token_count', 'total'];
const USAGE = ['usage', 'usage_metadata', 'usageMetadata', 'token_usage', 'tokens', 'totalUsage'];

type Tokens = Pick<MessageDraft, 'input_tokens' | 'answer_tokens' | 'total_tokens'>;

/** Tokens read and written, by the names that providers have for them. */
export function readUsage(usage: unknown): Tokens {
  if (!isObject(usage)) return {};
  const first = (names: string[]) =>
    names.map((name) => tokensOf(usage[name])).find((tokens) => tokens !== undefined);
  return {
    input_tokens: first(INPUT_TOKENS),
    answer_tokens: first(ANSWER_TOKENS),
    total_tokens: first(TOTAL_TOKENS),
  };
}

/** What any message may say about itself; `metadata` of the result is what is left. */
export function readMessageFields(
  members: Members,
): Omit<MessageDraft, 'message_from' | 'content' | 'parts'> {
  const usage = members.peek(USAGE, objectOf) ?? members.peek(['metadata', 'response_metadata'], usageWithin);
  const tokens = readUsage(usage);
  const userId = members.take(['user_id', 'userId'], userOf);
  return {
    external_id: members.take(['external_id', 'id', 'message_id', 'messageId', 'uuid', '_id'], nameOf),
    created_time:
      members.take(TIMES, timeOf) ?? members.peek(['metadata'], (value) => timeOf(at(value, TIMES))),
    requested_time: members.take(['requested_time'], timeOf),
    run_id: members.take(['run_id', 'runId'], nameOf),
    agent_id: members.take(['agent_id', 'agentId', 'assistant_id'], agentIdOf),
    user_id: userId,
    input_tokens: members.take(['input_tokens', 'prompt_tokens'], tokensOf) ?? tokens.input_tokens,
    answer_tokens:
      members.take(['answer_tokens', 'output_tokens', 'completion_tokens'], tokensOf) ?? tokens.answer_tokens,
    total_tokens: members.take(['total_tokens'], tokensOf) ?? tokens.total_tokens,
    feedback: members.take(['feedback', 'rating'], feedbackOf),
    hidden: members.take(['hidden'], flagOf),
    metadata: members.rest('metadata'),
  };
}

const at = (value: unknown, names: readonly string[]) =>
  isObject(value) ? names.map((name) => value[name]).find((member) => member !== undefined) : undefined;

const usageWithin = (value: unknown) => objectOf(at(value, USAGE));

/** What any conversation may say about itself; `extend_properties` of the result is what is left. */
export function readConversationFields(members: Members): Omit<ConversationDraft, 'messages'> {
  members.drop('message_count', 'tenant_id', 'tenant_unit_id');
  return {
    id: members.take(CONVERSATION_IDS, nameOf),
    topic:
      members.take(['topic', 'title', 'name'], titleOf) ??
      members.peek(['topic', 'title', 'name'], longTitleOf),
    status: members.take(['status'], statusOf),
    agent_id: members.take(['agent_id', 'agentId', 'assistant_id'], agentIdOf),
    user_id: members.take(['user_id', 'userId', 'user', 'owner', 'account'], userOf),
    assignment_id: members.take(['assignment_id'], nameOf),
    agent_mode: members.take(['agent_mode'], wordOf),
    agent_type: members.take(['agent_type'], wordOf),
    invoke_from: members.take(['invoke_from'], wordOf),
    inputs: members.take(['inputs'], objectOf),
    created_time: members.take(TIMES, timeOf),
    extend_properties: members.rest('extend_properties'),
  };
}

const longTitleOf = (value: unknown) => textOf(value)?.trim();
