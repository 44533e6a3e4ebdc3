import { v7 } from 'uuid';
import { newMessageId } from '../../src/messages/new-message-id.js';
import { Random } from '../random.js';
import type { Dialogue, Turn } from './dialogues.js';
import type { TenantPlan } from './tenants.js';

export type Value = string | number | null;
export type Row = readonly Value[];

const AUTHORSHIP =
  'created_time updated_time created_by created_by_name created_by_role updated_by updated_by_name updated_by_role';
export const CONVERSATION_COLUMNS =
  `tenant_id id tenant_unit_id topic status agent_id agent_mode agent_type assignment_id user_id invoke_from inputs extend_properties message_count largest_message version ${AUTHORSHIP}`.split(
    ' ',
  );
export const MESSAGE_COLUMNS =
  `tenant_id conversation_id sequence id tenant_unit_id message_from content run_id agent_id user_id requested_time input_tokens answer_tokens total_tokens feedback metadata version ${AUTHORSHIP}`.split(
    ' ',
  );

interface ConversationRows {
  id: string;
  conversation: Row;
  messages: Row[];
}

/** Most conversations are over; the rest is spread over the other states. */
const STATUSES = [
  ...Array.from({ length: 14 }, () => 'completed'),
  ...['running', 'running', 'failed', 'cancelled', 'paused', 'input_required'],
];
const DAY_MS = 86_400_000;
const TURN_MS = 9_000;
const FIRST_DAY_MS = Date.UTC(2026, 0, 1);
const PERIOD_MS = 90 * DAY_MS;

/** Agents, units and users that all tenants know; the first are busier than the last. */
export const AGENTS = Array.from(
  { length: 25 },
  (_, index) => `8f9d2c1e-5b7a-4f0e-9c3d-${String(index).padStart(12, '0')}`,
);
export const UNITS = Array.from({ length: 8 }, (_, index) => `unit-${index}`);

const sqlTime = (ms: number) => new Date(ms).toISOString().replace('T', ' ').slice(0, -1);

/** The conversations of a tenant, oldest first, so that rows arrive in the order of their key. */
export function* conversationsOf(
  plan: TenantPlan,
  dialogues: readonly Dialogue[],
  random: Random,
): Generator<ConversationRows> {
  const step = PERIOD_MS / (plan.conversations + 1);
  for (let index = 0; index < plan.conversations; index++) {
    const dialogue = random.pick(dialogues);
    const turns = plan.filled ? dialogue.turns : [];
    yield conversation(plan.id, FIRST_DAY_MS + index * step, dialogue, turns, random);
  }
  if (plan.longConversation) yield* longConversation(plan, plan.longConversation, dialogues, random);
}

function* longConversation(
  { id }: TenantPlan,
  length: number,
  dialogues: readonly Dialogue[],
  random: Random,
): Generator<ConversationRows> {
  const turns: Turn[] = [];
  while (turns.length < length) turns.push(...random.pick(dialogues).turns);
  const dialogue = random.pick(dialogues);
  yield conversation(id, FIRST_DAY_MS + PERIOD_MS, dialogue, turns.slice(0, length), random);
}

function conversation(
  tenantId: string,
  startMs: number,
  { service, turns: said }: Dialogue,
  turns: readonly Turn[],
  random: Random,
): ConversationRows {
  const createdMs = Math.floor(startMs);
  const id = v7({ msecs: createdMs });
  const unit = random.next() < 0.3 ? null : random.pick(UNITS);
  // The product of two even draws prefers low numbers.
  const agent = AGENTS[Math.floor(random.next() * random.next() * AGENTS.length)] ?? null;
  const user = `user-${random.below(500)}`;
  const authorship = (time: string, last: string): Row => {
    const author = [user, 'Ada Lovelace', 'operator'];
    return [time, last, ...author, ...author];
  };
  const messages = turns.map(({ messageFrom, content, metadata }, index): Row => {
    const sequence = index + 1;
    const timeMs = createdMs + sequence * TURN_MS;
    const time = sqlTime(timeMs);
    const tokens = Math.ceil(content.length / 4);
    const [input, answer] = messageFrom === 'user' ? [tokens, 0] : [0, tokens];
    return [
      ...[tenantId, id, sequence, newMessageId(new Date(timeMs), sequence), unit, messageFrom, content],
      ...[null, agent, user, time, input, answer, tokens, null, metadata, 1],
      ...authorship(time, time),
    ];
  });
  const topic = (said[0]?.content ?? service).slice(0, 80);
  const row: Row = [
    ...[tenantId, id, unit, topic, random.pick(STATUSES), agent, 'chat', 'assistant'],
    ...[random.next() < 0.3 ? `assignment-${random.below(50)}` : null, user, 'web'],
    // As the service does, which notes no message as small as these.
    ...[JSON.stringify({ service, seats: random.below(9) }), '{}', turns.length, 0, turns.length + 1],
    ...authorship(sqlTime(createdMs), sqlTime(createdMs + turns.length * TURN_MS)),
  ];
  return { id, conversation: row, messages };
}
