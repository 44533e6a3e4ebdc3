export { type Answer, ApiPromise } from './api-promise.js';
export { Colloquy } from './client.js';
export type {
  Conversations,
  CreateConversation,
  ExportConversationsQuery,
  ListConversationsQuery,
  UpdateConversation,
} from './conversations.js';
export {
  ApiError,
  AuthenticationError,
  ColloquyError,
  ConflictError,
  ConnectionError,
  NotFoundError,
  PermissionError,
  PreconditionFailedError,
  type Problem,
  RateLimitError,
  ServerError,
  TimeoutError,
  ValidationError,
} from './errors.js';
export type { Event, EventData, EventPage, MessageReference } from './event.js';
export type { Events, ListEventsQuery, StreamEventsQuery } from './events.js';
export type {
  AppendMessage,
  AppendMessages,
  ListMessagesQuery,
  Messages,
  NewMessage,
  UpdateMessage,
} from './messages.js';
export type {
  AppendedMessages,
  ConversationPage,
  Conversation,
  ConversationOrder,
  DisabledReason,
  EventActor,
  EventType,
  Fault,
  ForkConversation,
  IfExists,
  MessageFrom,
  MessageOrder,
  MessagePage,
  Message,
  OmissibleMember,
  ProblemCode,
  Replay,
  ReplayEvents,
  Webhook,
  WebhookAttempt,
  WebhookAttemptPage,
  WebhookPage,
  WebhookSecret,
  WebhookTest,
  WebhookWithSecret,
  UpdateConversationStatus,
  WorkforceRunStatus,
} from './openapi.gen.js';
export type { Attempt, ClientOptions, Credential, RequestOptions } from './options.js';
export { PagePromise } from './page-promise.js';
export type {
  CreateWebhook,
  ListWebhookAttemptsQuery,
  ListWebhooksQuery,
  UpdateWebhook,
  Webhooks,
} from './webhooks.js';
