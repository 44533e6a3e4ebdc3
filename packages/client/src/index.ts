export { type Answer, ApiPromise } from './api-promise.js';
export { Colloquy } from './client.js';
export type {
  Conversations,
  CreateConversation,
  ExportConversationsQuery,
  ListConversationsQuery,
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
export type { Events, ListEventsQuery, StreamEventsQuery } from './events.js';
export type { AppendMessage, AppendMessages, ListMessagesQuery, Messages, NewMessage } from './messages.js';
export type {
  ConversationPage,
  Conversation,
  ConversationOrder,
  EventPage,
  Event,
  EventType,
  Fault,
  ForkConversation,
  MessageFrom,
  MessageOrder,
  MessagePage,
  Message,
  ProblemCode,
  CreateWebhook,
  ReplayEvents,
  UpdateWebhook,
  Webhook,
  WebhookAttempt,
  WebhookAttemptPage,
  WebhookPage,
  WebhookSecret,
  WebhookTest,
  WebhookWithSecret,
  UpdateConversation,
  UpdateConversationStatus,
  UpdateMessage,
  WorkforceRunStatus,
} from './openapi.gen.js';
export type { Attempt, ClientOptions, Credential, RequestOptions } from './options.js';
export { PagePromise } from './page-promise.js';
export type { ListWebhookAttemptsQuery, ListWebhooksQuery, Webhooks } from './webhooks.js';
