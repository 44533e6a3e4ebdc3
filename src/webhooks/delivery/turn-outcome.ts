import { newId } from '../../common/ids.js';
import { eventIdOf } from '../../events/event-id.js';
import type { FeedEvent } from '../../feed/feed.service.js';
import type { AttemptOutcome, WebhookAttempt } from '../webhook-attempt.entity.js';
import type { DisabledReason, Webhook } from '../webhook.entity.js';
import type { Attempt } from './receiver.js';
import { DISABLED_AFTER_MS, retryDelayMs } from './schedule.js';
import type { WebhookLane } from './webhook-lane.entity.js';
import type { WebhookRetry } from './webhook-retry.entity.js';

const GONE = 410;
/** Below how far `Deliveries` looks back: what came since a feed was read longer ago might not be found as news. */
const MAX_SINCE_READ_MS = 5_000;

/** An event that is to be sent, and where it came from. */
interface Delivery {
  readonly event: FeedEvent;
  /** How often it was sent before. */
  readonly attempts: number;
  readonly from: 'retry' | 'feed' | 'replay';
}

export interface Sent extends Delivery {
  readonly attempt: Attempt;
  readonly time: Date;
}

/** What a lane is to do, in order, and how far it is when all of it is done. */
export interface Work {
  readonly deliveries: readonly Delivery[];
  readonly position: number;
  readonly replayPosition: number;
  /** By `performance.now()`. */
  readonly readAt: number;
  /** There is more than this. */
  readonly hasMore: boolean;
  /** When the first of those is to be sent again whose time has not come; null where none waits. */
  readonly nextRetryTime: Date | null;
  /** What is to be sent again and is not kept any more. */
  readonly lost: readonly WebhookRetry[];
}

export const isSuccess = ({ status }: Attempt): boolean => status !== null && status >= 200 && status < 300;

export function attemptOf(
  { id: webhookId, tenantUnitId }: Webhook,
  one: Sent,
): Omit<WebhookAttempt, 'tenantId'> {
  const { event, attempts, attempt, time } = one;
  return {
    id: newId(),
    webhookId,
    tenantUnitId,
    eventId: eventIdOf(event),
    type: event.type,
    attempt: attempts + 1,
    time,
    status: attempt.status,
    durationMs: attempt.durationMs,
    error: attempt.error,
    outcome: outcomeOf(one),
  };
}

export function outcomeOf({ attempt, attempts }: Sent): AttemptOutcome {
  if (isSuccess(attempt)) return 'delivered';
  return retryDelayMs(attempts + 1) === undefined ? 'given_up' : 'failed';
}

export function healthAfter(
  lane: WebhookLane,
  sent: readonly Sent[],
  failed: Sent | undefined,
): Pick<WebhookLane, 'failures' | 'failingSince'> {
  if (sent.length === 0) return lane;
  if (!failed) return { failures: 0, failingSince: null };
  const hadSuccess = sent.length > 1;
  return {
    failures: hadSuccess ? 1 : lane.failures + 1,
    failingSince: (hadSuccess ? null : lane.failingSince) ?? failed.time,
  };
}

export function reasonToDisable(
  { attempt, time }: Sent,
  failingSince: Date | null,
): DisabledReason | undefined {
  if (attempt.status === GONE) return 'gone';
  const isForLong = failingSince !== null && time.getTime() - failingSince.getTime() >= DISABLED_AFTER_MS;
  return isForLong ? 'failing' : undefined;
}

/** Whether a lane has nothing to do until its feed moves or a retry is due. */
export const isThrough = (lane: WebhookLane, work: Work, sent: readonly Sent[]): boolean =>
  sent.length === work.deliveries.length &&
  sent.every(({ attempt }) => isSuccess(attempt)) &&
  !work.hasMore &&
  work.replayPosition >= lane.replayEnd &&
  performance.now() - work.readAt < MAX_SINCE_READ_MS;

/** How far a cursor is: at the end of what was read if all of it was sent, else at the last that was. */
export function positionAfter(
  source: Delivery['from'],
  start: number,
  end: number,
  { deliveries }: Work,
  sent: readonly Sent[],
): number {
  const ofSource = ({ from }: Delivery) => from === source;
  const done = sent.filter(ofSource);
  if (done.length === deliveries.filter(ofSource).length) return end;
  return done.at(-1)?.event.position ?? start;
}
