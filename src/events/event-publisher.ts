import { Injectable } from '@nestjs/common';
import { Counter, Gauge } from 'prom-client';
import { now } from '../common/clock.js';
import { isDuplicate } from '../database/engines/database-errors.js';
import { Transactions } from '../database/sql/transactions.js';
import { Job, type PeriodicWork } from '../jobs/job.js';
import { MetricsRegistry } from '../metrics/metrics-registry.js';
import { EpochsRepository } from './epochs.repository.js';
import { EVENT_PUBLISHER } from './event-outbox.js';
import { FeedSignals } from './feed-signals.js';
import { MAX_ROWS, PublishedMeanwhile, PublishingRepository } from './publishing.repository.js';

/**
 * Gives events that are committed their positions, on a server: ids given by the writers would become visible in the
 * order of commits and not of ids, and a reader would miss some. One replica does it at a time, for speed only.
 */
@Injectable()
@Job({ name: EVENT_PUBLISHER, everyMs: 250, againMs: 20, replicas: 'one' })
export class EventPublisher implements PeriodicWork {
  readonly #oldest: Gauge;
  readonly #published: Counter;
  /** Found by the last run: with it, what is pending and the marks of its feeds are read in one round trip. */
  #epoch: string | null = null;
  /** The last run ended in the middle of this tenant, whose turn comes again when those behind it have had theirs. */
  #behind = '';

  constructor(
    private readonly publishing: PublishingRepository,
    private readonly epochs: EpochsRepository,
    private readonly transactions: Transactions,
    private readonly signals: FeedSignals,
    registry: MetricsRegistry,
  ) {
    this.#oldest = new Gauge({
      name: 'events_oldest_unpublished_seconds',
      help: 'Age of the oldest event that the publisher found waiting when it looked last.',
      registers: [registry],
    });
    this.#published = new Counter({
      name: 'events_published_total',
      help: 'Events that this process has published.',
      registers: [registry],
    });
  }

  async run(): Promise<boolean> {
    try {
      return await this.#publish();
    } catch (error) {
      if (error instanceof PublishedMeanwhile || isDuplicate(error)) return true;
      throw error;
    }
  }

  async #publish(): Promise<boolean> {
    const known = this.#epoch;
    const behind = this.#behind;
    const { epoch, pending } = await this.transactions.run(null, async (transaction) => {
      // Behind the lock, so that the snapshot in which the rows are read has all that an earlier publisher did.
      const [epoch, pending] = await Promise.all([
        this.epochs.currentLocked(transaction),
        this.publishing.listPending(transaction, known, behind),
      ]);
      if (epoch === null) await this.publishing.discard(transaction, pending);
      else if (epoch === known && pending.length > 0)
        await this.publishing.publish(transaction, epoch, pending);
      return { epoch, pending };
    });
    this.#epoch = epoch;
    if (epoch !== known) return true;
    this.#behind = pending.length === MAX_ROWS ? String(pending.at(-1)?.['tenant_id']) : '';
    const times = pending.map(({ event_time }) => (event_time instanceof Date ? event_time.getTime() : NaN));
    this.#oldest.set(times.length > 0 ? Math.max(0, now().getTime() - Math.min(...times)) / 1000 : 0);
    this.#published.inc(pending.reduce((sum, { event_count }) => sum + Number(event_count), 0));
    for (const tenant of new Set(pending.map(({ tenant_id }) => String(tenant_id))))
      this.signals.notify(tenant);
    return pending.length > 0 || behind !== '';
  }
}
