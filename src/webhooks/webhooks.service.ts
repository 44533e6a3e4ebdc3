import { Injectable } from '@nestjs/common';
import { now } from '../common/clock.js';
import { DomainError, ValidationFailed } from '../common/errors/domain-error.js';
import { newId } from '../common/ids.js';
import { decodeCursor, encodeCursor } from '../common/pagination/cursor.js';
import { assertExpected, type ExpectedVersions } from '../common/versions.js';
import { authoredBy, withChange } from '../database/schema/authorship.js';
import { lockedChange } from '../database/sql/locked-change.js';
import { type Transaction, Transactions } from '../database/sql/transactions.js';
import { FeedService } from '../feed/feed.service.js';
import { IdempotencyService } from '../idempotency/idempotency.service.js';
import type { TenantScope } from '../identity/tenant-scope.js';
import { Lanes } from './delivery/lanes.js';
import { ReceiverRules } from './delivery/receiver-rules.js';
import type { Attempt } from './delivery/receiver.js';
import { OLD_SECRET_MS } from './delivery/schedule.js';
import { Sender } from './delivery/sender.js';
import type { Webhook } from './webhook.entity.js';
import type { WebhookAttempt } from './webhook-attempt.entity.js';
import { WebhookAttemptsRepository } from './webhook-attempts.repository.js';
import { WebhookDisabled, WebhookNotFound } from './webhook.errors.js';
import { newSecret, SecretBox } from './webhook-secrets.js';
import { WebhooksRepository } from './webhooks.repository.js';

export interface NewWebhook {
  url: string;
  /** Null: all types of events. */
  types: readonly string[] | null;
  description: string | null;
}

interface WebhookChange {
  url?: string | undefined;
  types?: readonly string[] | null | undefined;
  description?: string | null | undefined;
  enabled?: boolean | undefined;
}

/** A webhook with its secret, which is told this once; null where that was before. */
export interface WithSecret {
  webhook: Webhook;
  secret: string | null;
}

export interface CursorPage<T> {
  items: readonly T[];
  nextCursor: string | null;
}

interface CursorPageRequest {
  pageSize: number;
  cursor: string | undefined;
}

@Injectable()
export class WebhooksService {
  constructor(
    private readonly webhooks: WebhooksRepository,
    private readonly attempts: WebhookAttemptsRepository,
    private readonly lanes: Lanes,
    private readonly feed: FeedService,
    private readonly transactions: Transactions,
    private readonly idempotency: IdempotencyService,
    private readonly sender: Sender,
    private readonly secrets: SecretBox,
    private readonly rules: ReceiverRules,
  ) {}

  /** Makes a webhook, which starts at the present. Throws ValidationFailed, or Unavailable where secrets cannot be kept. */
  async create(scope: TenantScope, input: NewWebhook): Promise<WithSecret> {
    assertMayRead(scope);
    this.#assertReceiver(input.url);
    const present = await this.feed.locate(scope, 'latest');
    const id = newId();
    const secret = newSecret();
    const webhook: Webhook = {
      id,
      tenantId: scope.tenantId,
      tenantUnitId: scope.tenantUnitId,
      url: input.url,
      description: input.description,
      types: joined(input.types),
      disabledReason: null,
      secret: this.secrets.seal(id, secret),
      previousSecret: null,
      previousSecretUntil: null,
      version: 1,
      ...authoredBy(scope.principal, now()),
    };
    return this.idempotency.run<WithSecret>(
      scope,
      {
        work: async (transaction) => {
          await this.webhooks.create(scope, transaction, webhook);
          await this.lanes.open(scope, transaction, webhook, present);
          await this.idempotency.keep(scope, transaction, { isNew: true, id });
          return { webhook, secret };
        },
        alreadyDone: async (transaction) => {
          const written = await this.webhooks.findLocked(scope, transaction, id);
          return written ? { webhook: written, secret } : undefined;
        },
      },
      async (done) => ({ webhook: await this.get(scope, done.id), secret: null }),
    );
  }

  /** Throws WebhookNotFound. */
  async get(scope: TenantScope, id: string): Promise<Webhook> {
    const webhook = await this.webhooks.findById(scope, id);
    if (!webhook) throw new WebhookNotFound();
    return webhook;
  }

  /** Oldest first. Throws `invalid_cursor` for a cursor of another list. */
  async list(scope: TenantScope, { pageSize, cursor }: CursorPageRequest): Promise<CursorPage<Webhook>> {
    const list = { tenant: scope.tenantId, unit: scope.tenantUnitId, list: 'webhooks' };
    const [behind = ''] = cursor === undefined ? [] : decodeCursor(list, cursor);
    return pageOf(list, pageSize, await this.webhooks.listBehind(scope, behind, pageSize + 1));
  }

  /**
   * Changes a webhook; enabled again, it goes on at the present. Throws WebhookNotFound, ValidationFailed, or
   * PreconditionFailed unless its version is expected.
   */
  async update(
    scope: TenantScope,
    id: string,
    { url, types, description, enabled }: WebhookChange,
    versions: ExpectedVersions,
  ): Promise<Webhook> {
    assertMayRead(scope);
    if (url !== undefined) this.#assertReceiver(url);
    const present = await this.feed.locate(scope, 'latest');
    const { work, alreadyDone } = lockedChange<Webhook>({
      lock: (transaction) => this.#getLocked(scope, transaction, id),
      change: (webhook) => {
        assertExpected(versions, webhook.version);
        const change = {
          url,
          description,
          types: types === undefined ? undefined : joined(types),
          disabledReason:
            enabled === undefined ? undefined : enabled ? null : (webhook.disabledReason ?? 'requested'),
        };
        return withChange<Webhook>(webhook, change, scope.principal, now());
      },
      write: async (transaction, before, after) => {
        await this.webhooks.change(scope, transaction, before, after);
        if (before.disabledReason === null && after.disabledReason !== null)
          await this.lanes.close(scope, transaction, id);
        if (before.disabledReason !== null && after.disabledReason === null)
          await this.lanes.open(scope, transaction, after, present);
        await this.idempotency.keep(scope, transaction, { isNew: false, id });
      },
    });
    return this.idempotency.run(scope, { work, alreadyDone }, (done) => this.get(scope, done.id));
  }

  /** From now on nothing is sent any more. Throws WebhookNotFound, or PreconditionFailed. */
  async delete(scope: TenantScope, id: string, versions: ExpectedVersions): Promise<void> {
    await this.transactions.run(
      scope,
      async (transaction) => {
        const webhook = await this.#getLocked(scope, transaction, id);
        assertExpected(versions, webhook.version);
        await this.webhooks.remove(scope, transaction, id);
        await this.lanes.close(scope, transaction, id);
        return id;
      },
      {
        alreadyDone: async (transaction) =>
          (await this.webhooks.findLocked(scope, transaction, id)) ? undefined : id,
      },
    );
  }

  /** Gives a webhook a new secret; the old one signs along for a day. Throws WebhookNotFound. */
  rotateSecret(scope: TenantScope, id: string): Promise<string | null> {
    const secret = newSecret();
    const sealed = this.secrets.seal(id, secret);
    return this.idempotency.run<string | null>(
      scope,
      {
        work: async (transaction) => {
          const before = await this.#getLocked(scope, transaction, id);
          await this.webhooks.change(scope, transaction, before, {
            ...before,
            secret: sealed,
            previousSecret: before.secret,
            previousSecretUntil: new Date(now().getTime() + OLD_SECRET_MS),
          });
          await this.idempotency.keep(scope, transaction, { isNew: false, id });
          return secret;
        },
        alreadyDone: async (transaction) =>
          (await this.#getLocked(scope, transaction, id)).secret === sealed ? secret : undefined,
      },
      async (done) => {
        await this.get(scope, done.id);
        return null;
      },
    );
  }

  /** Sends a test now, whether the webhook is enabled or not, and tells what came of it. Throws WebhookNotFound. */
  async test(scope: TenantScope, id: string): Promise<Attempt> {
    return this.sender.test(await this.get(scope, id));
  }

  /**
   * Sends events again: one, or all behind an event up to now. Throws WebhookNotFound, WebhookDisabled, or
   * EventsExpired where they are not kept, or the one is not of the webhook's unit.
   */
  async replay(scope: TenantScope, id: string, what: { after: string } | { eventId: string }): Promise<void> {
    const begin = async () => {
      const webhook = await this.get(scope, id);
      if (webhook.disabledReason !== null) throw new WebhookDisabled();
      const place = await ('after' in what
        ? this.feed.locate(scope, what.after)
        : this.feed.get(scope, what.eventId, webhook.tenantUnitId));
      const end = await this.feed.locate(scope, 'latest');
      await this.transactions.run(scope, async (transaction) => {
        if ('after' in what) await this.lanes.replayBehind(scope, transaction, id, place, end);
        else await this.lanes.replayOne(scope, transaction, webhook, place);
        await this.idempotency.keep(scope, transaction, { isNew: false, id });
      });
    };
    await this.idempotency.once(scope, begin, async (done) => {
      await this.get(scope, done.id);
    });
  }

  /** What was tried, newest first. Throws WebhookNotFound, or `invalid_cursor` for a cursor of another list. */
  async listAttempts(
    scope: TenantScope,
    id: string,
    { pageSize, cursor }: CursorPageRequest,
  ): Promise<CursorPage<WebhookAttempt>> {
    const list = { tenant: scope.tenantId, unit: scope.tenantUnitId, list: 'attempts', webhook: id };
    const [before] = cursor === undefined ? [] : decodeCursor(list, cursor);
    const webhook = await this.get(scope, id);
    return pageOf(list, pageSize, await this.attempts.listBefore(scope, webhook.id, before, pageSize + 1));
  }

  async #getLocked(scope: TenantScope, transaction: Transaction, id: string): Promise<Webhook> {
    const webhook = await this.webhooks.findLocked(scope, transaction, id);
    if (!webhook) throw new WebhookNotFound();
    return webhook;
  }

  #assertReceiver(url: string): void {
    const parsed = URL.parse(url);
    const detail = parsed ? this.rules.faultOf(parsed) : 'must be an https URL';
    if (detail !== undefined) throw new ValidationFailed([{ detail, pointer: '/url' }]);
  }
}

/** Whoever is sent events reads them. */
function assertMayRead({ principal }: TenantScope): void {
  if (!principal.scopes.has('events:read'))
    throw new DomainError('insufficient_scope', 'The credential lacks the scope events:read.');
}

const joined = (types: readonly string[] | null): string | null =>
  types && [...new Set(types)].sort().join(',');

function pageOf<T extends { id: string }>(
  list: unknown,
  pageSize: number,
  found: readonly T[],
): CursorPage<T> {
  const items = found.slice(0, pageSize);
  const last = items.at(-1);
  return { items, nextCursor: found.length > pageSize && last ? encodeCursor(list, [last.id]) : null };
}
