import { Injectable } from '@nestjs/common';
import type { Transaction } from '../database/sql/transactions.js';
import { type Change, EventOutbox, type NewEvent } from '../events/event-outbox.js';
import { type Done, IdempotencyService } from '../idempotency/idempotency.service.js';
import type { TenantScope } from '../identity/tenant-scope.js';

/** What a request did, and on whose behalf. */
interface Deed extends Done {
  readonly scope: TenantScope;
  /** What happened by it; nothing where nothing changed. */
  readonly events: readonly NewEvent[];
}

/** What writes of conversations and messages leave beside themselves. Whatever is added to it has its line here. */
@Injectable()
export class WriteEffects {
  constructor(
    private readonly idempotency: IdempotencyService,
    private readonly outbox: EventOutbox,
  ) {}

  /** Leaves it in the transaction of the deeds, which are one change of one conversation. */
  async leave(transaction: Transaction, change: Change, deeds: readonly Deed[]): Promise<void> {
    for (const { scope, isNew, id, sequences = [] } of deeds)
      await this.idempotency.keep(scope, transaction, { isNew, id, sequences });
    const events = deeds.flatMap((deed) => deed.events.map((event) => ({ ...event, scope: deed.scope })));
    await this.outbox.leave(transaction, change, events);
  }
}
