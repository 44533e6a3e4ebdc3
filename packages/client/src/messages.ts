import type { ApiPromise } from './api-promise.js';
import type {
  AppendedMessages,
  AppendMessage as AppendMessageBody,
  AppendMessages as AppendMessagesBody,
  ListMessagesData,
  MessagePage,
  Message,
  NewMessage as NewMessageBody,
  UpdateMessage as UpdateMessageBody,
} from './openapi.gen.js';
import type { RequestOptions } from './options.js';
import type { Outgoing, QueryOf } from './outgoing.js';
import { PagePromise } from './page-promise.js';
import type { Transport } from './transport.js';

export type AppendMessage = Outgoing<AppendMessageBody>;
export type NewMessage = Outgoing<NewMessageBody>;
export type AppendMessages = Outgoing<AppendMessagesBody>;
export type UpdateMessage = Outgoing<UpdateMessageBody>;
export type ListMessagesQuery = QueryOf<ListMessagesData>;

export class Messages {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  append(conversationId: string, body: AppendMessage, options?: RequestOptions): ApiPromise<Message> {
    return this.#transport.send({ method: 'POST', path: messages(conversationId), body, options });
  }

  /** All or none, next to each other, in this order; up to 500. */
  appendAll(
    conversationId: string,
    body: AppendMessages,
    options?: RequestOptions,
  ): ApiPromise<AppendedMessages> {
    return this.#transport.send({ method: 'POST', path: messages(conversationId, 'batch'), body, options });
  }

  /** Behind the first page it goes on from the last sequence: any page costs the same. */
  list(
    conversationId: string,
    query: ListMessagesQuery = {},
    options?: RequestOptions,
  ): PagePromise<MessagePage> {
    return new PagePromise(
      this.#transport.send({ method: 'GET', path: messages(conversationId), query, options }),
      ({ data, has_next_page }) => {
        const sequence = data.at(-1)?.sequence;
        if (!has_next_page || sequence === undefined) return null;
        const rest = query.order === 'recent' ? { before_sequence: sequence } : { after_sequence: sequence };
        return this.list(conversationId, { ...query, page: undefined, ...rest }, options);
      },
    );
  }

  get(conversationId: string, id: string, options?: RequestOptions): ApiPromise<Message> {
    return this.#transport.send({ method: 'GET', path: messages(conversationId, id), options });
  }

  update(
    conversationId: string,
    id: string,
    body: UpdateMessage,
    options?: RequestOptions,
  ): ApiPromise<Message> {
    return this.#transport.send({ method: 'PATCH', path: messages(conversationId, id), body, options });
  }

  /** Empties a message for good: its text, parts, metadata and feedback. Its place and its author stay. */
  redact(conversationId: string, id: string, options?: RequestOptions): ApiPromise<Message> {
    return this.#transport.send({ method: 'POST', path: messages(conversationId, id, 'redact'), options });
  }
}

const messages = (conversationId: string, ...more: string[]) => [
  'conversations',
  conversationId,
  'messages',
  ...more,
];
