import { Injectable } from '@nestjs/common';
import type { Transaction } from '../database/sql/transactions.js';
import { type Done, IdempotencyService } from '../idempotency/idempotency.service.js';
import type { TenantScope } from '../identity/tenant-scope.js';

/** What a request did, and on whose behalf. */
interface Deed extends Done {
  readonly scope: TenantScope;
}

/** What writes of conversations and messages leave beside themselves. Whatever is added to it has its line here. */
@Injectable()
export class WriteEffects {
  constructor(private readonly idempotency: IdempotencyService) {}

  /** Leaves it in the transaction of the deeds, which are of one conversation. */
  async leave(transaction: Transaction, deeds: readonly Deed[]): Promise<void> {
    for (const { scope, ...done } of deeds) await this.idempotency.keep(scope, transaction, done);
  }
}
