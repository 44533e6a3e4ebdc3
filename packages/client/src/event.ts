import type {
  Conversation,
  Event as AnyEvent,
  EventPage as AnyEventPage,
  EventType,
  Message,
  UpdateConversation,
  WorkforceRunStatus,
} from './openapi.gen.js';

/** Which message an event tells of. */
export interface MessageReference {
  message_id: string;
  sequence: number;
}

/** What `data` of an event holds, by its type: ids, numbers and words of enums, never what was said. */
export interface EventData {
  'conversation.created': Pick<Conversation, 'status' | 'agent_id' | 'forked_from'>;
  /** `members`: the names of those that changed. */
  'conversation.updated': { members: (keyof UpdateConversation)[] };
  'conversation.status_changed': { status: WorkforceRunStatus; previous_status: WorkforceRunStatus };
  'conversation.deleted': Record<string, never>;
  'message.created': MessageReference &
    Pick<Message, 'message_from' | 'agent_id' | 'run_id' | 'input_tokens' | 'answer_tokens' | 'total_tokens'>;
  'message.updated': MessageReference;
  'message.redacted': MessageReference;
}

/** What happened; its `type` tells what `data` holds. A newer service may have more types, and tell more of these. */
export type Event<Type extends EventType = EventType> = {
  [One in Type]: Omit<AnyEvent, 'type' | 'data'> & { type: One; data: EventData[One] };
}[Type];

export type EventPage<Type extends EventType = EventType> = Omit<AnyEventPage, 'data'> & {
  data: Event<Type>[];
};
