import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { now } from '../common/clock.js';
import { TenantScopedRepository } from '../database/sql/tenant-scoped.repository.js';
import type { Transaction } from '../database/sql/transactions.js';
import type { TenantScope } from '../identity/tenant-scope.js';
import { Feed } from './event.entity.js';

/** How far the feeds go. They are of whole tenants: units share the positions. */
@Injectable()
export class FeedsRepository extends TenantScopedRepository<Feed> {
  constructor(@InjectRepository(Feed) repository: Repository<Feed>) {
    super(repository);
  }

  /** One of each epoch in which something happened and is kept. */
  listIn(scope: TenantScope, transaction: Transaction): Promise<Feed[]> {
    return this.selectIn(scope.ofTenant, transaction, { where: 'TRUE', parameters: [] });
  }

  /** Takes the next `count` positions. */
  advance(scope: TenantScope, transaction: Transaction, epoch: string, count: number): Promise<void> {
    const feed = { epoch, firstPosition: 1, lastPosition: count, publishedTime: now() };
    return this.upsertIn(scope.ofTenant, transaction, feed, {
      set: 'last_position = last_position + ?, published_time = ?',
      values: [count, feed.publishedTime],
    });
  }

  /** From now on nothing before `firstPosition` is kept. */
  async shorten(
    scope: TenantScope,
    transaction: Transaction,
    epoch: string,
    firstPosition: number,
  ): Promise<void> {
    await this.updateIn(scope.ofTenant, transaction, {
      set: 'first_position = ?',
      values: [firstPosition],
      where: 'epoch = ?',
      parameters: [epoch],
    });
  }

  async remove(scope: TenantScope, transaction: Transaction, epoch: string): Promise<void> {
    await this.deleteIn(scope.ofTenant, transaction, { where: 'epoch = ?', parameters: [epoch] });
  }
}
