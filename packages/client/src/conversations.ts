import type { ApiPromise } from './api-promise.js';
import { Messages } from './messages.js';
import type {
  ConversationPage,
  Conversation,
  CreateConversation as CreateConversationBody,
  ExportConversationsData,
  ForkConversation,
  ListConversationsData,
  UpdateConversation as UpdateConversationBody,
  UpdateConversationStatus,
} from './openapi.gen.js';
import type { RequestOptions } from './options.js';
import type { Outgoing, QueryOf } from './outgoing.js';
import { listByCursor, type PagePromise } from './page-promise.js';
import type { Transport } from './transport.js';

export type CreateConversation = Outgoing<CreateConversationBody>;
export type UpdateConversation = Outgoing<UpdateConversationBody>;
export type ExportConversationsQuery = QueryOf<ExportConversationsData>;
export type ListConversationsQuery = QueryOf<ListConversationsData>;

export class Conversations {
  readonly messages: Messages;
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
    this.messages = new Messages(transport);
  }

  /**
   * Conversations with all their messages, oldest first, as lines of JSON (`colloquy/1`, see the API's documentation):
   * bytes as they arrive, for as long as it takes. What is not read is not sent; without the last line it is not whole.
   */
  async export(
    query: ExportConversationsQuery = {},
    options: RequestOptions = {},
  ): Promise<ReadableStream<Uint8Array>> {
    const response = await this.#transport.open({
      method: 'GET',
      path: ['export', 'conversations'],
      query,
      headers: { accept: 'application/x-ndjson' },
      options,
    });
    return response.body ?? new ReadableStream();
  }

  create(body: CreateConversation = {}, options?: RequestOptions): ApiPromise<Conversation> {
    return this.#transport.send({ method: 'POST', path: ['conversations'], body, options });
  }

  list(query: ListConversationsQuery = {}, options?: RequestOptions): PagePromise<ConversationPage> {
    return listByCursor(this.#transport, { path: ['conversations'], query, options });
  }

  get(id: string, options?: RequestOptions): ApiPromise<Conversation> {
    return this.#transport.send({ method: 'GET', path: ['conversations', id], options });
  }

  update(id: string, body: UpdateConversation, options?: RequestOptions): ApiPromise<Conversation> {
    return this.#transport.send({ method: 'PATCH', path: ['conversations', id], body, options });
  }

  /** With `expected_status`, a conversation that has another one is left alone: `ConflictError`, `status_conflict`. */
  setStatus(id: string, body: UpdateConversationStatus, options?: RequestOptions): ApiPromise<Conversation> {
    return this.#transport.send({ method: 'PATCH', path: ['conversations', id, 'status'], body, options });
  }

  /** A new conversation with copies of the messages 1 to `up_to_sequence`. What becomes of either does not reach the other. */
  fork(id: string, body: ForkConversation = {}, options?: RequestOptions): ApiPromise<Conversation> {
    return this.#transport.send({ method: 'POST', path: ['conversations', id, 'fork'], body, options });
  }

  delete(id: string, options?: RequestOptions): ApiPromise<void> {
    return this.#transport.do({ method: 'DELETE', path: ['conversations', id], options });
  }
}
