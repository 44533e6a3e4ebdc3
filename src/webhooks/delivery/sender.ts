import { Injectable } from '@nestjs/common';
import { now } from '../../common/clock.js';
import { newId } from '../../common/ids.js';
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
    return this.receivers.post(new URL(url), signedHeaders(deliveryId, time, body, secrets), body, {
      timeoutMs,
      signal,
    });
  }
}
