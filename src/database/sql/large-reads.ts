import { Injectable } from '@nestjs/common';
import { Turns } from '../../common/turns.js';
import type { TenantScope } from '../../identity/tenant-scope.js';

/** About how much a slice of a large read holds. */
export const SLICE_BYTES = 1024 * 1024;

/**
 * What is too large to be held at once is read in slices. Slices of all large reads together are bounded, and tenants
 * take turns at that room: each slice waits for its own, and gives it back when the next one is asked for.
 */
@Injectable()
export class LargeReads {
  /** Slices of about a megabyte, all tenants together. */
  readonly #room = new Turns({
    capacity: 32,
    maxWaiting: 200,
    maxWaitMs: 30_000,
    detail: 'Too many large answers are made at the same time.',
  });

  /**
   * The slices that `next` reads, one after the other, until it returns undefined. A slice holds its room until the one
   * behind it is asked for. Throws Unavailable where there is no room.
   */
  async *slices<Slice>(
    scope: TenantScope,
    next: () => Promise<Slice | undefined>,
  ): AsyncGenerator<Slice, void, undefined> {
    for (;;) {
      const leave = await this.#room.take(scope.tenantId);
      try {
        const slice = await next();
        if (slice === undefined) return;
        yield slice;
      } finally {
        leave();
      }
    }
  }
}
