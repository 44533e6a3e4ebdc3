import type { ApiPromise } from './api-promise.js';
import { Messages } from './messages.js';
import type {
  ConversationPage,
  Conversation,
  CreateConversation as CreateConversationBody,
  ListConversationsData,
  UpdateConversation,
  UpdateConversationStatus,
} from './openapi.gen.js';
import type { RequestOptions } from './options.js';
import type { Outgoing, QueryOf } from './outgoing.js';
import { PagePromise } from './page-promise.js';
import type { Transport } from './transport.js';

export type CreateConversation = Outgoing<CreateConversationBody>;
export type ListConversationsQuery = QueryOf<ListConversationsData>;

export class Conversations {
  readonly messages: Messages;
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
    this.messages = new Messages(transport);
  }

  create(body: CreateConversation = {}, options?: RequestOptions): ApiPromise<Conversation> {
    return this.#transport.send({ method: 'POST', path: ['conversations'], body, options });
  }

  /** Behind the first page it goes on by cursor: any page costs the same, and nothing is counted again. */
  list(query: ListConversationsQuery = {}, options?: RequestOptions): PagePromise<ConversationPage> {
    return new PagePromise(
      this.#transport.send({ method: 'GET', path: ['conversations'], query, options }),
      ({ next_cursor: cursor }) =>
        cursor === null ? null : this.list({ ...query, page_num: undefined, cursor }, options),
    );
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

  delete(id: string, options?: RequestOptions): ApiPromise<void> {
    return this.#transport.do({ method: 'DELETE', path: ['conversations', id], options });
  }
}
