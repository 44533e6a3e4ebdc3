import { Injectable, Logger } from '@nestjs/common';
import { SpanKind } from '@opentelemetry/api';
import { now } from '../../common/clock.js';
import { inSpan } from '../../common/in-span.js';
import { withChange } from '../../database/schema/authorship.js';
import { type Transaction, Transactions } from '../../database/sql/transactions.js';
import { type EventFilter, FeedService } from '../../feed/feed.service.js';
import type { TenantScope } from '../../identity/tenant-scope.js';
import { WebhookAttemptsRepository } from '../webhook-attempts.repository.js';
import { type DisabledReason, typesIn, type Webhook } from '../webhook.entity.js';
import { WebhooksRepository } from '../webhooks.repository.js';
import { DeliveryMetrics } from './delivery-metrics.js';
import { Lanes } from './lanes.js';
import type { Attempt } from './receiver.js';
import { pauseMs, retryDelayMs } from './schedule.js';
import { Sender } from './sender.js';
import {
  attemptOf,
  healthAfter,
  isSuccess,
  isThrough,
  outcomeOf,
  positionAfter,
  reasonToDisable,
  type Sent,
  type Work,
} from './turn-outcome.js';
import type { WebhookLane } from './webhook-lane.entity.js';
import { WebhookLanesRepository } from './webhook-lanes.repository.js';
import { WebhookRetriesRepository } from './webhook-retries.repository.js';

const EVENTS_PER_READ = 50;
/** After this no further event is sent in a turn; with the time-out of one request it is far below the claim. */
const MAX_SENDING_MS = 10_000;
const CLAIM_MS = 40_000;

/** One turn of a lane: claims it, sends what is next in order until something fails, and notes what came of it. */
@Injectable()
export class LaneTurn {
  readonly #logger = new Logger('Webhooks');

  constructor(
    private readonly webhooks: WebhooksRepository,
    private readonly attempts: WebhookAttemptsRepository,
    private readonly rows: WebhookLanesRepository,
    private readonly lanes: Lanes,
    private readonly retries: WebhookRetriesRepository,
    private readonly feed: FeedService,
    private readonly sender: Sender,
    private readonly transactions: Transactions,
    private readonly metrics: DeliveryMetrics,
  ) {}

  /** Does nothing where another replica has taken the lane. What `stopping` breaks off counts as not sent. */
  take(scope: TenantScope, found: WebhookLane, stopping: AbortSignal): Promise<void> {
    const attributes = { 'colloquy.tenant_id': found.tenantId, 'colloquy.webhook_id': found.id };
    return inSpan('webhook turn', SpanKind.INTERNAL, attributes, () => this.#take(scope, found, stopping));
  }

  async #take(scope: TenantScope, found: WebhookLane, stopping: AbortSignal): Promise<void> {
    const claimEnd = new Date(now().getTime() + CLAIM_MS);
    const claimed = { ...found, claimedUntil: claimEnd, wakeTime: claimEnd };
    const isMine = await this.transactions.run(scope, (transaction) =>
      this.rows.advance(scope, transaction, found, claimed),
    );
    const webhook = isMine ? await this.webhooks.findById(scope, found.id) : null;
    if (!webhook) return;
    const lane = await this.#inKeptFeed(scope, claimed);
    const work = await this.#workOf(scope, lane, webhook);
    const sent = await this.#send(webhook, lane, work, stopping);
    await this.#note(scope, { claimed, lane, webhook, work, sent });
  }

  /**
   * What is not kept any more cannot be sent: behind a long outage, or of a feed that was off or restored, the lane goes
   * on with the first event that is kept.
   */
  async #inKeptFeed(scope: TenantScope, lane: WebhookLane): Promise<WebhookLane> {
    const earliest = await this.feed.locate(scope, 'earliest');
    if (lane.epoch === earliest.epoch && lane.position >= earliest.position) return lane;
    this.#logger.warn(
      { tenant_id: lane.tenantId, webhook_id: lane.id },
      'Events that a webhook has not been sent are not kept any more: it goes on with the first that is.',
    );
    return { ...lane, ...earliest, replayPosition: lane.replayEnd };
  }

  async #workOf(scope: TenantScope, lane: WebhookLane, { id, types }: Webhook): Promise<Work> {
    const filter: EventFilter = { types: typesIn(types), conversationId: undefined };
    const readAt = performance.now();
    const behind = (position: number) =>
      this.feed.read(scope, { epoch: lane.epoch, position }, filter, EVENTS_PER_READ);
    const waiting = await this.retries.listNext(scope, id, EVENTS_PER_READ);
    const time = now();
    const due = waiting.filter(({ dueTime }) => dueTime <= time);
    const kept = await Promise.all(
      due.map(async (retry) => ({ retry, event: await this.feed.find(scope, retry) })),
    );
    const news = await behind(lane.position);
    const isReplaying = lane.replayPosition < lane.replayEnd;
    const again = isReplaying ? await behind(lane.replayPosition) : undefined;
    return {
      deliveries: [
        ...kept.flatMap(({ retry, event }) =>
          event ? [{ event, attempts: retry.attempts, from: 'retry' as const }] : [],
        ),
        ...news.events.map((event) => ({ event, attempts: 0, from: 'feed' as const })),
        ...(again?.events ?? [])
          .filter(({ position }) => position <= lane.replayEnd)
          .map((event) => ({ event, attempts: 0, from: 'replay' as const })),
      ],
      position: news.next.position,
      replayPosition: again ? Math.min(again.next.position, lane.replayEnd) : lane.replayPosition,
      readAt,
      hasMore: news.hasMore || due.length === EVENTS_PER_READ,
      nextRetryTime: waiting[due.length]?.dueTime ?? null,
      lost: kept.flatMap(({ retry, event }) => (event ? [] : [retry])),
    };
  }

  /** Up to the first that fails; a receiver that failed last is asked once. */
  async #send(
    webhook: Webhook,
    lane: WebhookLane,
    { deliveries }: Work,
    stopping: AbortSignal,
  ): Promise<Sent[]> {
    const sent: Sent[] = [];
    const deadline = performance.now() + MAX_SENDING_MS;
    for (const delivery of lane.failures > 0 ? deliveries.slice(0, 1) : deliveries) {
      const time = now();
      const attempt = await this.sender.send(webhook, delivery.event, stopping);
      if (stopping.aborted && attempt.status === null) break;
      sent.push({ ...delivery, attempt, time });
      if (!isSuccess(attempt) || performance.now() > deadline) break;
    }
    return sent;
  }

  /** Claim, cursors, retries and log in one transaction: what is not noted is sent again. */
  async #note(
    scope: TenantScope,
    turn: { claimed: WebhookLane; lane: WebhookLane; webhook: Webhook; work: Work; sent: readonly Sent[] },
  ): Promise<void> {
    const { claimed, lane, webhook, work, sent } = turn;
    const last = sent.at(-1);
    const failed = last && !isSuccess(last.attempt) ? last : undefined;
    const health = healthAfter(lane, sent, failed);
    const disabledReason = failed && reasonToDisable(failed, health.failingSince);
    const time = now();
    const dueTime = failed
      ? new Date(time.getTime() + pauseMs(health.failures, failed.attempt.retryAfterMs))
      : time;
    const next = {
      ...lane,
      ...health,
      position: positionAfter('feed', lane.position, work.position, work, sent),
      replayPosition: positionAfter('replay', lane.replayPosition, work.replayPosition, work, sent),
      dueTime,
      claimedUntil: time,
      wakeTime: isThrough(lane, work, sent) ? work.nextRetryTime : dueTime,
    };
    const isNoted = await this.transactions.run(scope, async (transaction) => {
      if (disabledReason) await this.webhooks.findLocked(scope, transaction, webhook.id);
      if (!(await this.rows.advance(scope, transaction, claimed, next))) return false;
      if (sent.length > 0)
        await this.attempts.add(
          scope,
          transaction,
          sent.map((one) => attemptOf(webhook, one)),
        );
      for (const one of sent) await this.#noteRetry(scope, transaction, webhook, one);
      for (const retry of work.lost) await this.retries.remove(scope, transaction, retry);
      if (disabledReason) await this.#disable(scope, transaction, webhook, disabledReason);
      return true;
    });
    if (failed && lane.failures === 0) this.#tell(webhook, failed.attempt);
    if (isNoted) for (const one of sent) this.metrics.count(outcomeOf(one), one.event.time, one.time);
  }

  /** Once, when it begins: what follows is among the attempts. Of the URL only the host, as the rest may be secret. */
  #tell({ tenantId, id, url }: Webhook, { status, error }: Attempt): void {
    this.#logger.warn(
      { tenant_id: tenantId, webhook_id: id, host: new URL(url).host, status, delivery_error: error },
      'A receiver has begun to fail.',
    );
  }

  /** Lets what failed be sent again at its time, and what was sent again be done. */
  async #noteRetry(
    scope: TenantScope,
    transaction: Transaction,
    { id: webhookId, tenantUnitId }: Webhook,
    one: Sent,
  ): Promise<void> {
    const { event, attempts, attempt, time, from } = one;
    const retry = { webhookId, tenantUnitId, epoch: event.epoch, position: event.position };
    const delay = retryDelayMs(attempts + 1, attempt.retryAfterMs);
    if (outcomeOf(one) === 'failed' && delay !== undefined)
      await this.retries.park(scope, transaction, {
        ...retry,
        attempts: attempts + 1,
        dueTime: new Date(time.getTime() + delay),
      });
    else if (from === 'retry') await this.retries.remove(scope, transaction, retry);
  }

  async #disable(
    scope: TenantScope,
    transaction: Transaction,
    { id }: Webhook,
    disabledReason: DisabledReason,
  ): Promise<void> {
    const webhook = await this.webhooks.findLocked(scope, transaction, id);
    if (!webhook) return;
    await this.webhooks.change(
      scope,
      transaction,
      webhook,
      withChange<Webhook>(webhook, { disabledReason }, scope.principal, now()),
    );
    await this.lanes.close(scope, transaction, id);
    this.#logger.warn(
      { tenant_id: webhook.tenantId, webhook_id: id, reason: disabledReason },
      'A webhook was disabled.',
    );
  }
}
