import { now } from '../common/clock.js';
import { type Admission, type Rate, refilled, takeToken } from './token-bucket.js';

/** One token bucket for each tenant. */
export abstract class TenantBuckets {
  abstract take(tenantId: string): Admission | Promise<Admission>;
}

/** Least recently used buckets beyond these are forgotten, and would mostly be full again by then anyway. */
const MAX_BUCKETS = 10_000;

/** The buckets of this replica, in its memory. */
export class LocalBuckets extends TenantBuckets {
  /** Least recently used first. A bucket that is not here is full. */
  readonly #buckets = new Map<string, { debt: number; atMs: number }>();

  constructor(
    private readonly rate: Rate,
    private readonly maxBuckets = MAX_BUCKETS,
    private readonly clock = now,
  ) {
    super();
  }

  get size(): number {
    return this.#buckets.size;
  }

  take(tenantId: string): Admission {
    const atMs = this.clock().getTime();
    const before = this.#buckets.get(tenantId) ?? { debt: 0, atMs };
    const debt = refilled(this.rate, before.debt, atMs - before.atMs);
    const { admission, debtAfter } = takeToken(this.rate, debt);
    this.#buckets.delete(tenantId);
    this.#buckets.set(tenantId, { debt: debtAfter, atMs });
    if (this.#buckets.size > this.maxBuckets) this.#forgetOne();
    return admission;
  }

  #forgetOne(): void {
    for (const [leastRecentlyUsed] of this.#buckets) {
      this.#buckets.delete(leastRecentlyUsed);
      return;
    }
  }
}
