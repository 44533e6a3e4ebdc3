import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { TenantScopedRepository } from '../database/sql/tenant-scoped.repository.js';
import type { Transaction } from '../database/sql/transactions.js';
import type { TenantScope } from '../identity/tenant-scope.js';
import { Webhook } from './webhook.entity.js';

@Injectable()
export class WebhooksRepository extends TenantScopedRepository<Webhook> {
  constructor(@InjectRepository(Webhook) repository: Repository<Webhook>) {
    super(repository);
  }

  create(scope: TenantScope, transaction: Transaction, webhook: Omit<Webhook, 'tenantId'>): Promise<void> {
    return this.insertIn(scope, transaction, [webhook]);
  }

  async findById(scope: TenantScope, id: string): Promise<Webhook | null> {
    const [webhook] = await this.select(scope, { where: 'id = ?', parameters: [id] });
    return webhook ?? null;
  }

  /** The webhook as it is now, held against all other writers until the transaction ends. */
  async findLocked(scope: TenantScope, transaction: Transaction, id: string): Promise<Webhook | null> {
    const [webhook] = await this.selectLockedIn(scope, transaction, { where: 'id = ?', parameters: [id] });
    return webhook ?? null;
  }

  /** The webhooks behind one, oldest first. */
  listBehind(scope: TenantScope, id: string, limit: number): Promise<Webhook[]> {
    return this.selectPage(scope, {
      branches: [{ where: 'id > ?', parameters: [id] }],
      order: [['id', 'ASC']],
      limit,
      offset: 0,
      index: 'PRIMARY',
      meetsFew: false,
    });
  }

  /** Writes a webhook as it is to be, which the transaction has locked as it was. */
  change(scope: TenantScope, transaction: Transaction, before: Webhook, after: Webhook): Promise<void> {
    return this.replaceIn(scope, transaction, before, after, {
      where: 'id = ? AND version = ?',
      parameters: [before.id, before.version],
    });
  }

  remove(scope: TenantScope, transaction: Transaction, id: string): Promise<void> {
    return this.deleteIn(scope, transaction, { where: 'id = ?', parameters: [id] });
  }
}
