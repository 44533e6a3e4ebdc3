import type { ApiPromise } from './api-promise.js';
import type {
  CreateWebhook as CreateWebhookBody,
  ListWebhookAttemptsData,
  ListWebhooksData,
  Replay,
  ReplayEvents,
  UpdateWebhook as UpdateWebhookBody,
  Webhook,
  WebhookAttemptPage,
  WebhookPage,
  WebhookSecret,
  WebhookTest,
  WebhookWithSecret,
} from './openapi.gen.js';
import type { RequestOptions } from './options.js';
import type { Outgoing, QueryOf } from './outgoing.js';
import { listByCursor, type PagePromise } from './page-promise.js';
import type { Transport } from './transport.js';

export type CreateWebhook = Outgoing<CreateWebhookBody>;
export type UpdateWebhook = Outgoing<UpdateWebhookBody>;
export type ListWebhooksQuery = QueryOf<ListWebhooksData>;
export type ListWebhookAttemptsQuery = QueryOf<ListWebhookAttemptsData>;

export class Webhooks {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** `secret` is told only now; after a lost answer that was repeated it is null, and `rotateSecret` gives another. */
  create(body: CreateWebhook, options?: RequestOptions): ApiPromise<WebhookWithSecret> {
    return this.#transport.send({ method: 'POST', path: ['webhooks'], body, options });
  }

  list(query: ListWebhooksQuery = {}, options?: RequestOptions): PagePromise<WebhookPage> {
    return listByCursor(this.#transport, { path: ['webhooks'], query, options });
  }

  get(id: string, options?: RequestOptions): ApiPromise<Webhook> {
    return this.#transport.send({ method: 'GET', path: ['webhooks', id], options });
  }

  update(id: string, body: UpdateWebhook, options?: RequestOptions): ApiPromise<Webhook> {
    return this.#transport.send({ method: 'PATCH', path: ['webhooks', id], body, options });
  }

  delete(id: string, options?: RequestOptions): ApiPromise<void> {
    return this.#transport.do({ method: 'DELETE', path: ['webhooks', id], options });
  }

  rotateSecret(id: string, options?: RequestOptions): ApiPromise<WebhookSecret> {
    return this.#transport.send({ method: 'POST', path: ['webhooks', id, 'rotate-secret'], options });
  }

  /** Sends a test now and tells what came of it. */
  test(id: string, options?: RequestOptions): ApiPromise<WebhookTest> {
    return this.#transport.send({ method: 'POST', path: ['webhooks', id, 'test'], options });
  }

  replay(id: string, body: ReplayEvents, options?: RequestOptions): ApiPromise<Replay> {
    return this.#transport.send({ method: 'POST', path: ['webhooks', id, 'replay'], body, options });
  }

  /** What was tried, newest first. */
  attempts(
    id: string,
    query: ListWebhookAttemptsQuery = {},
    options?: RequestOptions,
  ): PagePromise<WebhookAttemptPage> {
    return listByCursor(this.#transport, { path: ['webhooks', id, 'attempts'], query, options });
  }
}
