import type { Conversation } from './conversation.entity.js';

export const CONVERSATION_HEAD = [
  'id',
  'tenantId',
  'tenantUnitId',
  'agentId',
  'userId',
  'messageCount',
  'largestMessage',
  'updatedTime',
  'writtenTime',
  'version',
] as const satisfies (keyof Conversation)[];

/** What messages need of their conversation; not its JSON, which may be a hundred times as large. */
export type ConversationHead = Pick<Conversation, (typeof CONVERSATION_HEAD)[number]>;
