import { EVENT_TYPES } from '../../events/event-type.js';

/** What more than one DTO says of the same thing. */
export const URL_FIELD = {
  min: 1,
  max: 2048,
  example: 'https://receiver.example/hook',
  description: 'Where events are sent, by POST: https, at a public address.',
};
export const DESCRIPTION = {
  max: 255,
  optional: true,
  keepsNull: true,
  example: 'Billing',
  description: 'What it is for, for people.',
};
export const TYPES = {
  values: EVENT_TYPES,
  name: 'EventType',
  optional: true,
  keepsNull: true,
  example: ['message.created', 'conversation.status_changed'],
  description: 'The types of events that are sent; null for all.',
};
