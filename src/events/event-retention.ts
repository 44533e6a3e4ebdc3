import { Inject, Injectable } from '@nestjs/common';
import { now } from '../common/clock.js';
import { APP_CONFIG, type AppConfig } from '../config/app-config.js';
import { Transactions } from '../database/sql/transactions.js';
import { SERVICE } from '../identity/service-principal.js';
import { TenantScope } from '../identity/tenant-scope.js';
import { Job, type PeriodicWork } from '../jobs/job.js';
import { EpochsRepository } from './epochs.repository.js';
import { EventsRepository } from './events.repository.js';
import { type FeedMark, FeedMarksRepository } from './feed-marks.repository.js';
import { FeedsRepository } from './feeds.repository.js';

const DAY_MS = 24 * 60 * 60 * 1000;
const FEEDS_PER_LOOK = 100;
const ROWS_PER_STEP = 500;
const EVERYTHING = { types: undefined, conversationId: undefined };
const START = { tenantId: '', epoch: '' };

/** Removes events that are older than they are kept, and feeds of former epochs. A feed always keeps its newest row. */
@Injectable()
@Job({ name: 'event-retention', everyMs: 60 * 60 * 1000, replicas: 'one' })
export class EventRetention implements PeriodicWork {
  /** The feed that was looked at last. */
  #behind: Pick<FeedMark, 'tenantId' | 'epoch'> = START;

  constructor(
    private readonly marks: FeedMarksRepository,
    private readonly feeds: FeedsRepository,
    private readonly events: EventsRepository,
    private readonly epochs: EpochsRepository,
    private readonly transactions: Transactions,
    @Inject(APP_CONFIG) private readonly config: AppConfig,
  ) {}

  async run(signal: AbortSignal): Promise<boolean> {
    const [current, feeds] = await this.transactions.readTogether(null, (reads) =>
      Promise.all([
        this.epochs.currentIn(reads),
        this.marks.listBehindIn(reads, this.#behind, FEEDS_PER_LOOK),
      ]),
    );
    for (const feed of feeds) {
      while (!signal.aborted && (await this.#shorten(feed, feed.epoch === current)));
      if (signal.aborted) return true;
      this.#behind = feed;
    }
    if (feeds.length < FEEDS_PER_LOOK) this.#behind = START;
    return feeds.length === FEEDS_PER_LOOK;
  }

  /** Removes some rows of a feed; true when there may be more to remove. */
  #shorten({ tenantId, epoch, lastPosition }: FeedMark, isCurrent: boolean): Promise<boolean> {
    const scope = TenantScope.grant(tenantId, null, SERVICE);
    const oldest = new Date(now().getTime() - this.config.events.retentionDays * DAY_MS).toISOString();
    return this.transactions.run(scope, async (transaction) => {
      const stretch = { epoch, after: 0, upTo: isCurrent ? lastPosition - 1 : lastPosition };
      const rows = await this.events.listIn(scope, transaction, stretch, EVERYTHING, ROWS_PER_STEP);
      const kept = isCurrent ? rows.findIndex(({ eventTime }) => eventTime >= oldest) : -1;
      const expired = kept === -1 ? rows : rows.slice(0, kept);
      const last = expired.at(-1);
      if (last) {
        await this.events.removeUpTo(scope, transaction, epoch, last.position);
        await this.feeds.shorten(scope, transaction, epoch, last.position + 1);
      } else if (!isCurrent) await this.feeds.remove(scope, transaction, epoch);
      return expired.length === ROWS_PER_STEP || (!isCurrent && last !== undefined);
    });
  }
}
