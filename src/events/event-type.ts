/** What can happen to conversations and messages. */
export const EVENT_TYPES = [
  'conversation.created',
  'conversation.updated',
  'conversation.status_changed',
  'conversation.deleted',
  'message.created',
  'message.updated',
  'message.redacted',
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/**
 * Where events of one conversation, time and version stand among each other: what it begins with, what happens in it,
 * what happens to a message that is there, its end.
 */
export const RANKS: Readonly<Record<EventType, number>> = {
  'conversation.created': 0,
  'conversation.updated': 1,
  'conversation.status_changed': 1,
  'message.created': 1,
  'message.updated': 2,
  'message.redacted': 2,
  'conversation.deleted': 3,
};
