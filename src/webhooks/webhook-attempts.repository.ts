import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { TenantScopedRepository } from '../database/sql/tenant-scoped.repository.js';
import type { Transaction } from '../database/sql/transactions.js';
import type { TenantScope } from '../identity/tenant-scope.js';
import { WebhookAttempt } from './webhook-attempt.entity.js';

/** What was tried, for people who ask why nothing arrives. */
@Injectable()
export class WebhookAttemptsRepository extends TenantScopedRepository<WebhookAttempt> {
  constructor(@InjectRepository(WebhookAttempt) repository: Repository<WebhookAttempt>) {
    super(repository);
  }

  add(
    scope: TenantScope,
    transaction: Transaction,
    attempts: readonly Omit<WebhookAttempt, 'tenantId'>[],
  ): Promise<void> {
    return this.insertIn(scope, transaction, attempts);
  }

  /** The attempts before one, newest first; all where `before` is undefined. */
  listBefore(
    scope: TenantScope,
    webhookId: string,
    before: string | undefined,
    limit: number,
  ): Promise<WebhookAttempt[]> {
    return this.selectPage(scope, {
      branches: [
        before === undefined
          ? { where: 'webhook_id = ?', parameters: [webhookId] }
          : { where: 'webhook_id = ? AND id < ?', parameters: [webhookId, before] },
      ],
      order: [['id', 'DESC']],
      limit,
      offset: 0,
      index: 'PRIMARY',
      meetsFew: false,
    });
  }
}
