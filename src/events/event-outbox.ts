import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { APP_CONFIG, type AppConfig } from '../config/app-config.js';
import type { Transaction } from '../database/sql/transactions.js';
import type { TenantScope } from '../identity/tenant-scope.js';
import { JobRunner } from '../jobs/job-runner.js';
import { EpochsRepository } from './epochs.repository.js';
import type { PendingEvents } from './event.entity.js';
import { eventsToText } from './event-text.js';
import { type EventType, RANKS } from './event-type.js';
import { EventsRepository } from './events.repository.js';
import { FeedSignals } from './feed-signals.js';
import { FeedsRepository } from './feeds.repository.js';
import { PendingEventsRepository } from './pending-events.repository.js';

/** Of one row. */
const MAX_EVENTS = 200;
/** The job that gives positions. */
export const EVENT_PUBLISHER = 'event-publisher';

/** What happened, as its writer tells it. */
export interface NewEvent {
  type: EventType;
  /** Of the conversation, or of the message that it tells of, after it. */
  version: number;
  /** Ids that the service or agents made, numbers, and words of enums: never content, topics or users. */
  data: object;
}

/** A change of a conversation, whose row is locked; or of one of its messages. */
export interface Change {
  conversationId: string;
  tenantUnitId: string | null;
  /** Never goes back within a conversation, in the order of commits. */
  time: string;
  /** Grows with each change that has the same time. */
  version: number;
}

/**
 * What a write leaves for the feed, in its own transaction. On SQLite, whose one writer makes commits in the order of
 * writing, it gets its position at once; on a server a job gives positions to what is committed (EventPublisher).
 */
@Injectable()
export class EventOutbox {
  constructor(
    private readonly pending: PendingEventsRepository,
    private readonly events: EventsRepository,
    private readonly feeds: FeedsRepository,
    private readonly epochs: EpochsRepository,
    private readonly signals: FeedSignals,
    private readonly jobs: JobRunner,
    @Inject(APP_CONFIG) private readonly config: AppConfig,
  ) {}

  /** Leaves the events of one change, in this order. */
  async leave(
    transaction: Transaction,
    change: Change,
    events: readonly (NewEvent & { scope: TenantScope })[],
  ): Promise<void> {
    const [first] = events;
    if (!first || this.config.events.mode === 'off') return;
    const rows = rowsOf(change, events);
    if (this.config.database.engine === 'sqlite') await this.#publish(first.scope, transaction, rows);
    else {
      await this.pending.add(first.scope, transaction, rows);
      transaction.afterCommit(() => this.jobs.wake(EVENT_PUBLISHER));
    }
  }

  async #publish(scope: TenantScope, transaction: Transaction, rows: readonly Row[]): Promise<void> {
    const epoch = await this.epochs.currentIn(transaction);
    if (epoch === null) return;
    const count = rows.reduce((sum, { eventCount }) => sum + eventCount, 0);
    await this.feeds.advance(scope, transaction, epoch, count);
    const feed = (await this.feeds.listIn(scope, transaction)).find((one) => one.epoch === epoch);
    let position = (feed?.lastPosition ?? count) - count;
    const published = rows.map(({ id, ...row }) => ({
      ...row,
      epoch,
      position: (position += row.eventCount),
    }));
    await this.events.add(scope, transaction, published);
    transaction.afterCommit(() => this.signals.notify(scope.tenantId));
  }
}

type Row = Omit<PendingEvents, 'tenantId'>;

/** Events of one type and version that follow each other share a row, up to a bound. */
function rowsOf(
  { conversationId, tenantUnitId, time, version }: Change,
  events: readonly (NewEvent & { scope: TenantScope })[],
): Row[] {
  const groups: (NewEvent & { scope: TenantScope })[][] = [];
  for (const event of events) {
    const group = groups.at(-1);
    const [first] = group ?? [];
    const fits = first?.type === event.type && first.version === event.version;
    if (group && fits && group.length < MAX_EVENTS) group.push(event);
    else groups.push([event]);
  }
  const random = randomBytes(6).toString('hex');
  return groups.flatMap((group, index) => {
    const [first] = group;
    if (!first) return [];
    const order = `${hex(Date.parse(time), 12)}${RANKS[first.type]}${hex(version, 11)}${hex(index, 4)}`;
    return {
      id: order + random,
      conversationId,
      tenantUnitId,
      type: first.type,
      eventTime: time,
      version: first.version,
      eventCount: group.length,
      data: eventsToText(
        group.map(({ data, scope: { principal, request } }) => ({
          data,
          actor: principal,
          requestId: request.id,
        })),
      ),
    };
  });
}

const hex = (number: number, digits: number): string => number.toString(16).padStart(digits, '0');
