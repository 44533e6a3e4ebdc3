import { Injectable } from '@nestjs/common';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { now } from '../../common/clock.js';
import { newId } from '../../common/ids.js';
import { inSpan } from '../../common/in-span.js';
import { EventResponse } from '../../feed/dto/event.response.js';
import type { FeedEvent } from '../../feed/feed.service.js';
import type { Webhook } from '../webhook.entity.js';
import { SecretBox } from '../webhook-secrets.js';
import { type Attempt, Receivers } from './receiver.js';
import { signedHeaders } from './signature.js';

const TIMEOUT_MS = 15_000;
const TEST_TIMEOUT_MS = 5_000;

/** Sends to a webhook what is signed with its secrets. */
@Injectable()
export class Sender {
  constructor(
    private readonly receivers: Receivers,
    private readonly secrets: SecretBox,
  ) {}

  send(webhook: Webhook, event: FeedEvent, signal: AbortSignal): Promise<Attempt> {
    const data = EventResponse.from(event);
    return this.#post(webhook, data.id, { type: data.type, timestamp: data.time, data }, TIMEOUT_MS, signal);
  }

  /** Sends something that is no event of the feed. */
  test(webhook: Webhook): Promise<Attempt> {
    const body = { type: 'webhook.test', timestamp: now().toISOString(), data: {} };
    return this.#post(webhook, newId(), body, TEST_TIMEOUT_MS);
  }

  #post(
    { id, url, secret, previousSecret, previousSecretUntil }: Webhook,
    deliveryId: string,
    content: object,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<Attempt> {
    const time = now();
    const isOldOneValid =
      previousSecret !== null && previousSecretUntil !== null && previousSecretUntil > time;
    const secrets = [secret, ...(isOldOneValid ? [previousSecret] : [])].map((sealed) =>
      this.secrets.open(id, sealed),
    );
    const body = JSON.stringify(content);
    const target = new URL(url);
    // Of the URL, the path may be a secret.
    const attributes = {
      'http.request.method': 'POST',
      'server.address': target.hostname,
      'colloquy.webhook_id': id,
      'colloquy.event_id': deliveryId,
    };
    return inSpan('POST', SpanKind.CLIENT, attributes, async (span) => {
      const headers = signedHeaders(deliveryId, time, body, secrets);
      const attempt = await this.receivers.post(target, headers, body, { timeoutMs, signal });
      if (attempt.status !== null) span.setAttribute('http.response.status_code', attempt.status);
      if (attempt.error !== null) span.setAttribute('error.type', attempt.error);
      if (attempt.status === null || attempt.status >= 400) span.setStatus({ code: SpanStatusCode.ERROR });
      return attempt;
    });
  }
}
