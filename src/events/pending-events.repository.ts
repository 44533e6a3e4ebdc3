import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { TenantScopedRepository } from '../database/sql/tenant-scoped.repository.js';
import type { Transaction } from '../database/sql/transactions.js';
import type { TenantScope } from '../identity/tenant-scope.js';
import { PendingEvents } from './event.entity.js';

/** Events on their way to the feed. */
@Injectable()
export class PendingEventsRepository extends TenantScopedRepository<PendingEvents> {
  constructor(@InjectRepository(PendingEvents) repository: Repository<PendingEvents>) {
    super(repository);
  }

  add(
    scope: TenantScope,
    transaction: Transaction,
    events: readonly Omit<PendingEvents, 'tenantId'>[],
  ): Promise<void> {
    return this.insertIn(scope, transaction, events);
  }
}
