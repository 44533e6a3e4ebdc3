import { Injectable } from '@nestjs/common';
import { Unavailable } from '../common/errors/domain-error.js';
import { type Transaction, Transactions } from '../database/sql/transactions.js';
import { EpochsRepository } from '../events/epochs.repository.js';
import type { PublishedEvents } from '../events/event.entity.js';
import { type EventContent, eventsFromText } from '../events/event-text.js';
import type { EventType } from '../events/event-type.js';
import { EventsRepository } from '../events/events.repository.js';
import { FeedsRepository } from '../events/feeds.repository.js';
import type { TenantScope } from '../identity/tenant-scope.js';
import { eventIdOf, type EventPlace, parseEventId } from '../events/event-id.js';
import { EventsExpired } from './feed.errors.js';
import { FeedWatch } from './feed-watch.js';

/** Positions that one request looks at, however few of them are wanted. */
const MAX_LOOKED_AT = 5_000;
/** Events that a row holds at most. */
const MAX_ROW_EVENTS = 200;

/** Of one conversation, whose rows may be full all of them. */
const MAX_ROWS_OF_ONE = 50;

const EVERYTHING: EventFilter = { types: undefined, conversationId: undefined };

/** One event. */
export interface FeedEvent extends EventPlace, EventContent {
  type: EventType;
  time: string;
  conversationId: string;
  tenantId: string;
  tenantUnitId: string | null;
  version: number;
}

export interface EventFilter {
  types: readonly EventType[] | undefined;
  conversationId: string | undefined;
}

export interface EventPage {
  events: FeedEvent[];
  /** Where to go on. */
  next: EventPlace;
  hasMore: boolean;
}

/** A feed as it is now: the place before its first event, and that of its last. */
interface Ends {
  epoch: string;
  earliest: number;
  latest: number;
}

/** Reads what happened to a tenant's conversations. */
@Injectable()
export class FeedService {
  readonly #beginning = new Map<string, Promise<EventPage>>();

  constructor(
    private readonly events: EventsRepository,
    private readonly feeds: FeedsRepository,
    private readonly epochs: EpochsRepository,
    private readonly transactions: Transactions,
    private readonly watch: FeedWatch,
  ) {}

  /** The place that `earliest`, `latest` or the id of an event names. Throws EventsExpired. */
  async locate(scope: TenantScope, after: string): Promise<EventPlace> {
    const ends = await this.transactions.readTogether(scope, (reads) => this.#ends(scope, reads));
    const { epoch, earliest, latest } = ends;
    if (after === 'earliest') return { epoch, position: earliest };
    if (after === 'latest') return { epoch, position: latest };
    const place = parseEventId(after) ?? { epoch: '', position: 0 };
    assertKept(place, ends);
    return place;
  }

  /** The events behind a place, up to `limit`. Who is woken together and asks for the same reads it together. Throws EventsExpired. */
  read(scope: TenantScope, after: EventPlace, filter: EventFilter, limit: number): Promise<EventPage> {
    const key = JSON.stringify([scope.tenantId, scope.tenantUnitId, eventIdOf(after), filter, limit]);
    const same = this.#beginning.get(key);
    if (same) return same;
    const page = this.#read(scope, after, filter, limit);
    this.#beginning.set(key, page);
    // Only of those who were woken by now: who begins later may have to see more.
    queueMicrotask(() => this.#beginning.delete(key));
    return page;
  }

  async #read(scope: TenantScope, after: EventPlace, filter: EventFilter, limit: number): Promise<EventPage> {
    const isNarrow = filter.conversationId !== undefined;
    const upTo = isNarrow ? Number.MAX_SAFE_INTEGER : after.position + MAX_LOOKED_AT;
    const stretch = { epoch: after.epoch, after: after.position, upTo };
    const maxRows = isNarrow ? Math.min(limit, MAX_ROWS_OF_ONE) : limit;
    const [before, rows, ends] = await this.transactions.readTogether(scope, (reads) =>
      Promise.all([
        this.#ends(scope, reads),
        this.events.listIn(scope, reads, stretch, filter, maxRows),
        this.#ends(scope, reads),
      ]),
    );
    assertKept(after, before);
    // What is removed while it is read must not look like nothing.
    assertKept(after, ends);
    const found = rows.flatMap(unfold).filter(({ position }) => position > after.position);
    const events = found.slice(0, limit);
    const isWhole = rows.length < maxRows && found.length <= limit;
    // A row that ends behind the stretch may begin in it.
    const lookedAt = upTo < before.latest ? upTo - MAX_ROW_EVENTS : before.latest;
    const last = events.at(-1)?.position ?? after.position;
    const position = isWhole ? Math.max(last, lookedAt) : last;
    return { events, next: { epoch: after.epoch, position }, hasMore: position < ends.latest };
  }

  /** The event at a place; undefined where it is not kept, or not of the unit. */
  async find(scope: TenantScope, { epoch, position }: EventPlace): Promise<FeedEvent | undefined> {
    try {
      const before = { epoch, position: position - 1 };
      const { events } = await this.read(scope, before, EVERYTHING, 1);
      return events.find((event) => event.position === position);
    } catch (error) {
      if (error instanceof EventsExpired) return undefined;
      throw error;
    }
  }

  /** The event with an id. Throws EventsExpired where it is not kept, or not of the scope's unit or of `unit`. */
  async get(scope: TenantScope, id: string, unit: string | null): Promise<FeedEvent> {
    const place = parseEventId(id);
    const event = place && (await this.find(scope, place));
    if (event && (unit === null || event.tenantUnitId === unit)) return event;
    throw new EventsExpired(eventIdOf(await this.locate(scope, 'earliest')));
  }

  /** As `read`, but where the feed ends waits up to `waitMs` for what comes, or until `signal` is aborted. */
  async readWaiting(
    scope: TenantScope,
    start: EventPlace,
    filter: EventFilter,
    { limit, waitMs, signal }: { limit: number; waitMs: number; signal: AbortSignal },
  ): Promise<EventPage> {
    const first = await this.read(scope, start, filter, limit);
    if (waitMs === 0 || first.events.length > 0 || first.hasMore) return first;
    // The end was not known to the client yet: it is told, and waits there.
    if (first.next.position > start.position) return { ...first, hasMore: true };
    const ended = AbortSignal.any([signal, AbortSignal.timeout(waitMs)]);
    let page = first;
    while (page.events.length === 0 && !page.hasMore && !ended.aborted) {
      await this.watch.wait(scope.tenantId, page.next, ended);
      page = await this.read(scope, page.next, filter, limit);
    }
    return page;
  }

  async #ends(scope: TenantScope, reads: Transaction): Promise<Ends> {
    const [epoch, feeds] = await Promise.all([this.epochs.currentIn(reads), this.feeds.listIn(scope, reads)]);
    if (epoch === null) throw new Unavailable('The feed is being turned on or off.');
    const feed = feeds.find((one) => one.epoch === epoch);
    return { epoch, earliest: (feed?.firstPosition ?? 1) - 1, latest: feed?.lastPosition ?? 0 };
  }
}

function assertKept({ epoch, position }: EventPlace, ends: Ends): void {
  if (epoch !== ends.epoch || position < ends.earliest || position > ends.latest)
    throw new EventsExpired(eventIdOf({ epoch: ends.epoch, position: ends.earliest }));
}

function unfold(row: PublishedEvents): FeedEvent[] {
  const first = row.position - row.eventCount + 1;
  return eventsFromText(row.data).map((content, index) => ({
    ...content,
    epoch: row.epoch,
    position: first + index,
    type: row.type,
    time: row.eventTime,
    conversationId: row.conversationId,
    tenantId: row.tenantId,
    tenantUnitId: row.tenantUnitId,
    version: row.version,
  }));
}
