export { type Answer, ApiPromise } from './api-promise.js';
export { Colloquy } from './client.js';
export type { Conversations, CreateConversation, ListConversationsQuery } from './conversations.js';
export {
  ApiError,
  AuthenticationError,
  ColloquyError,
  ConflictError,
  ConnectionError,
  NotFoundError,
  PermissionError,
  PreconditionFailedError,
  RateLimitError,
  ServerError,
  TimeoutError,
  ValidationError,
} from './errors.js';
export type { AppendMessage, AppendMessages, ListMessagesQuery, Messages } from './messages.js';
export type {
  ConversationPageResponse as ConversationPage,
  ConversationResponse as Conversation,
  ConversationOrder,
  FaultResponse as Fault,
  MessageFrom,
  MessageOrder,
  MessagePageResponse as MessagePage,
  MessageResponse as Message,
  ProblemCode,
  ProblemResponse as Problem,
  UpdateConversationDto as UpdateConversation,
  UpdateConversationStatusDto as UpdateConversationStatus,
  UpdateMessageDto as UpdateMessage,
  WorkforceRunStatus,
} from './openapi.gen.js';
export type { Attempt, ClientOptions, Credential, RequestOptions } from './options.js';
export { PagePromise } from './page-promise.js';
