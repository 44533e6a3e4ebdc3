import type { ConversationHead } from '../conversations/conversation-head.js';
import type { Change, NewEvent } from '../events/event-outbox.js';
import type { Message } from './message.entity.js';

export const TOLD = [
  'id',
  'sequence',
  'messageFrom',
  'agentId',
  'runId',
  'inputTokens',
  'answerTokens',
  'totalTokens',
  'version',
] as const satisfies (keyof Message)[];

/** What an event tells of a message. */
export type ToldMessage = Pick<Message, (typeof TOLD)[number]>;

export const messageCreated = (message: ToldMessage): NewEvent => ({
  type: 'message.created',
  version: message.version,
  data: {
    message_id: message.id,
    sequence: message.sequence,
    message_from: message.messageFrom,
    agent_id: message.agentId,
    run_id: message.runId,
    input_tokens: message.inputTokens,
    answer_tokens: message.answerTokens,
    total_tokens: message.totalTokens,
  },
});

/** What happened to a message that was changed; nothing where it was not. */
export function messageChanged(before: Message, after: Message): NewEvent[] {
  if (after === before) return [];
  const { id, sequence, version } = after;
  const type = after.redactedTime === before.redactedTime ? 'message.updated' : 'message.redacted';
  return [{ type, version, data: { message_id: id, sequence } }];
}

/**
 * Where a change of a message stands: behind all that is committed of its conversation, whose row it does not lock.
 * The head was read behind the lock of the message.
 */
export const messageChange = (
  { tenantUnitId, conversationId, updatedTime, version }: Message,
  { writtenTime }: Pick<ConversationHead, 'writtenTime'>,
): Change => ({
  conversationId,
  tenantUnitId,
  time: updatedTime > writtenTime ? updatedTime : writtenTime,
  version,
});
