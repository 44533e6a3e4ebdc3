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
import { PublishedMeanwhile, PublishingRepository } from './publishing.repository.js';

/**
 * Gives events that are committed their positions, on a server: ids given by the writers would become visible in the
 * order of commits and not of ids, and a reader would miss some. One replica does it at a time, for speed only.
 */
@Injectable()
@Job({ name: EVENT_PUBLISHER, everyMs: 250, againMs: 20, replicas: 'one' })
export class EventPublisher implements PeriodicWork {
  readonly #oldest: Gauge;
  readonly #published: Counter;

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
    const published = await this.transactions.run(null, async (transaction) => {
      // Behind the lock, so that the snapshot in which the rows are read has all that an earlier publisher did.
      const [epoch, tenants] = await Promise.all([
        this.epochs.currentLocked(transaction),
        this.publishing.listTenants(transaction),
      ]);
      if (tenants.length === 0) return [];
      if (epoch === null) {
        const pending = await this.publishing.listPending(transaction, tenants);
        await this.publishing.discard(transaction, pending);
        return pending;
      }
      const [pending, marks] = await Promise.all([
        this.publishing.listPending(transaction, tenants),
        this.publishing.listMarks(transaction, epoch, tenants),
      ]);
      await this.publishing.publish(transaction, epoch, pending, marks);
      return pending;
    });
    const times = published.map(({ event_time }) =>
      event_time instanceof Date ? event_time.getTime() : NaN,
    );
    this.#oldest.set(times.length > 0 ? Math.max(0, now().getTime() - Math.min(...times)) / 1000 : 0);
    this.#published.inc(published.reduce((sum, { event_count }) => sum + Number(event_count), 0));
    for (const tenant of new Set(published.map(({ tenant_id }) => String(tenant_id))))
      this.signals.notify(tenant);
    return published.length > 0;
  }
}
