import type { Change, NewEvent } from '../events/event-outbox.js';
import type { Conversation } from './conversation.entity.js';

/** Where a change of a conversation stands among the others. */
export const changeOf = ({
  id,
  tenantUnitId,
  writtenTime,
  version,
}: Pick<Conversation, 'id' | 'tenantUnitId' | 'writtenTime' | 'version'>): Change => ({
  conversationId: id,
  tenantUnitId,
  time: writtenTime,
  version,
});

export const conversationCreated = ({
  version,
  status,
  agentId,
  forkedFromId,
  forkedFromSequence,
}: Conversation): NewEvent => ({
  type: 'conversation.created',
  version,
  data: {
    status,
    agent_id: agentId,
    forked_from:
      forkedFromId === null ? null : { conversation_id: forkedFromId, sequence: forkedFromSequence },
  },
});

export const conversationDeleted = ({ version }: Conversation): NewEvent => ({
  type: 'conversation.deleted',
  version,
  data: {},
});

/** The members whose change is an event of its own, as they are called in answers. */
const MEMBERS = { topic: 'topic', extendProperties: 'extend_properties' } as const;

/** What of a conversation has become something else. */
export function conversationChanged(before: Conversation, after: Conversation): NewEvent[] {
  const { version, status } = after;
  const members = (['topic', 'extendProperties'] as const).filter((name) => before[name] !== after[name]);
  return [
    ...(members.length > 0
      ? [
          {
            type: 'conversation.updated',
            version,
            data: { members: members.map((name) => MEMBERS[name]) },
          } as const,
        ]
      : []),
    ...(status !== before.status
      ? [
          {
            type: 'conversation.status_changed',
            version,
            data: { status, previous_status: before.status },
          } as const,
        ]
      : []),
  ];
}
