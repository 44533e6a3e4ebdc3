import type { ConversationHead } from '../conversations/conversation-head.js';
import { authoredBy } from '../database/schema/authorship.js';
import type { Flag } from '../database/schema/columns.js';
import type { Principal } from '../identity/principal.js';
import type { Message, MessageSender } from './message.entity.js';
import { newMessageId } from './new-message-id.js';

/** A message to store; what is undefined is taken from the conversation, or is the time of the write. */
export interface NewMessage {
  /** Where it stands in the body it came with (JSON Pointer). */
  pointer: string;
  messageFrom: MessageSender;
  content: string;
  /** JSON text. */
  parts: string | null;
  runId: string | null;
  agentId: string | undefined;
  userId: string | undefined;
  requestedTime: Date | undefined;
  inputTokens: number;
  answerTokens: number;
  totalTokens: number;
  feedback: string | null;
  /** JSON text. */
  metadata: string;
  externalId: string | null;
  hidden: Flag;
  /** Of imported history. */
  createdTime: Date | undefined;
}

export const flagOf = (value: boolean): Flag => (value ? 1 : 0);

type Owner = Pick<ConversationHead, 'id' | 'tenantId' | 'tenantUnitId' | 'agentId' | 'userId'>;

/** The message as it is stored at `sequence`, by a principal at a time. */
export function messageOf(
  owner: Owner,
  principal: Principal,
  sequence: number,
  input: NewMessage,
  time: Date,
): Message {
  return {
    // With the pointer, which is no column and harmless: to leave it out takes longer than all else here.
    ...input,
    tenantId: owner.tenantId,
    tenantUnitId: owner.tenantUnitId,
    conversationId: owner.id,
    sequence,
    id: newMessageId(time, sequence),
    agentId: input.agentId ?? owner.agentId,
    userId: input.userId ?? owner.userId,
    requestedTime: (input.requestedTime ?? time).toISOString(),
    redactedTime: null,
    version: 1,
    ...authoredBy(principal, time),
  };
}
