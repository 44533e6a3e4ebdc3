import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { TenantScopedRepository } from '../../database/sql/tenant-scoped.repository.js';
import type { Transaction } from '../../database/sql/transactions.js';
import type { TenantScope } from '../../identity/tenant-scope.js';
import { WebhookRetry } from './webhook-retry.entity.js';

const BY_KEY = 'webhook_id = ? AND epoch = ? AND position = ?';

@Injectable()
export class WebhookRetriesRepository extends TenantScopedRepository<WebhookRetry> {
  constructor(@InjectRepository(WebhookRetry) repository: Repository<WebhookRetry>) {
    super(repository);
  }

  /** Those whose time comes first, or has come. */
  listNext(scope: TenantScope, webhookId: string, limit: number): Promise<WebhookRetry[]> {
    return this.selectPage(scope, {
      branches: [{ where: 'webhook_id = ?', parameters: [webhookId] }],
      order: [
        ['due_time', 'ASC'],
        ['position', 'ASC'],
      ],
      limit,
      offset: 0,
      index: 'PRIMARY',
      meetsFew: false,
    });
  }

  /** Lets an event be sent (again) at a time, whether it waits already or not. */
  park(scope: TenantScope, transaction: Transaction, retry: Omit<WebhookRetry, 'tenantId'>): Promise<void> {
    return this.upsertIn(scope, transaction, retry, {
      set: 'attempts = ?, due_time = ?',
      values: [retry.attempts, retry.dueTime],
    });
  }

  remove(
    scope: TenantScope,
    transaction: Transaction,
    { webhookId, epoch, position }: Pick<WebhookRetry, 'webhookId' | 'epoch' | 'position'>,
  ): Promise<void> {
    return this.deleteIn(scope, transaction, { where: BY_KEY, parameters: [webhookId, epoch, position] });
  }

  removeAll(scope: TenantScope, transaction: Transaction, webhookId: string): Promise<void> {
    return this.deleteIn(scope, transaction, { where: 'webhook_id = ?', parameters: [webhookId] });
  }
}
