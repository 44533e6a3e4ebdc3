import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { Transactions } from '../database/sql/transactions.js';
import { EpochsRepository } from '../events/epochs.repository.js';
import { FeedMarksRepository } from '../events/feed-marks.repository.js';
import { FeedSignals } from '../events/feed-signals.js';
import { eventIdOf, type EventPlace } from '../events/event-id.js';

const LOOK_INTERVAL_MS = 250;
/** Where other replicas tell that they have published, it is looked for what was not heard. */
const LOOK_INTERVAL_IF_TOLD_MS = 1_000;

/**
 * Wakes whoever waits for the feed of a tenant to go further: at once where this process published or Redis told so, and
 * by a look at the feeds that are waited for, one statement for all of them.
 */
@Injectable()
export class FeedWatch implements BeforeApplicationShutdown {
  readonly #logger = new Logger(FeedWatch.name);
  readonly #waiting = new Map<string, Map<() => void, string>>();
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(
    private readonly marks: FeedMarksRepository,
    private readonly epochs: EpochsRepository,
    private readonly transactions: Transactions,
    private readonly signals: FeedSignals,
  ) {
    signals.onFurther((tenantId) => this.#wake(tenantId, () => true));
  }

  beforeApplicationShutdown(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    for (const tenantId of this.#waiting.keys()) this.#wake(tenantId, () => true);
  }

  /** Resolves when the feed may go further than `end`, or when `signal` is aborted. */
  wait(tenantId: string, end: EventPlace, signal: AbortSignal): Promise<void> {
    if (signal.aborted || this.#isStopped) return Promise.resolve();
    return new Promise((resolve) => {
      const ofTenant = this.#waiting.get(tenantId) ?? new Map<() => void, string>();
      this.#waiting.set(tenantId, ofTenant);
      const done = () => {
        signal.removeEventListener('abort', done);
        ofTenant.delete(done);
        if (ofTenant.size === 0 && this.#waiting.get(tenantId) === ofTenant) this.#waiting.delete(tenantId);
        resolve();
      };
      ofTenant.set(done, eventIdOf(end));
      signal.addEventListener('abort', done);
      this.#timer ??= this.#lookLater();
    });
  }

  #wake(tenantId: string, isFurther: (end: string) => boolean): void {
    for (const [done, end] of this.#waiting.get(tenantId) ?? []) if (isFurther(end)) done();
  }

  #lookLater(): NodeJS.Timeout {
    const interval = this.signals.isShared ? LOOK_INTERVAL_IF_TOLD_MS : LOOK_INTERVAL_MS;
    return setTimeout(() => {
      void this.#look();
    }, interval).unref();
  }

  async #look(): Promise<void> {
    try {
      const tenants = [...this.#waiting.keys()];
      if (tenants.length > 0) {
        const [epoch, marks] = await this.transactions.readTogether(null, (reads) =>
          Promise.all([this.epochs.currentIn(reads), this.marks.listIn(reads, tenants)]),
        );
        const current = marks.filter((mark) => mark.epoch === epoch);
        const positions = new Map(current.map(({ tenantId, lastPosition }) => [tenantId, lastPosition]));
        for (const tenantId of tenants) {
          const known = eventIdOf({ epoch: epoch ?? '', position: positions.get(tenantId) ?? 0 });
          this.#wake(tenantId, (end) => end !== known);
        }
      }
    } catch (error) {
      this.#logger.warn({ err: error }, 'The feeds could not be looked at; it is tried again.');
    }
    this.#timer = this.#waiting.size > 0 && !this.#isStopped ? this.#lookLater() : undefined;
  }
}
