import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { TenantScopedRepository } from '../database/sql/tenant-scoped.repository.js';
import type { Transaction } from '../database/sql/transactions.js';
import type { TenantScope } from '../identity/tenant-scope.js';
import { PublishedEvents } from './event.entity.js';
import type { EventType } from './event-type.js';

/** Which events of a stretch of the feed are wanted. */
interface EventFilter {
  types: readonly EventType[] | undefined;
  conversationId: string | undefined;
}

/** Positions behind `after`, up to `upTo`. */
interface Stretch {
  epoch: string;
  after: number;
  upTo: number;
}

@Injectable()
export class EventsRepository extends TenantScopedRepository<PublishedEvents> {
  constructor(@InjectRepository(PublishedEvents) repository: Repository<PublishedEvents>) {
    super(repository);
  }

  add(
    scope: TenantScope,
    transaction: Transaction,
    events: readonly Omit<PublishedEvents, 'tenantId'>[],
  ): Promise<void> {
    return this.insertIn(scope, transaction, events);
  }

  /** The first `limit` rows of a stretch whose last event lies in it. */
  listIn(
    scope: TenantScope,
    transaction: Transaction,
    { epoch, after, upTo }: Stretch,
    { types, conversationId }: EventFilter,
    limit: number,
  ): Promise<PublishedEvents[]> {
    const conditions = ['epoch = ?', 'position > ?', 'position <= ?'];
    const parameters: unknown[] = [epoch, after, upTo];
    if (conversationId !== undefined) {
      conditions.unshift('conversation_id = ?');
      parameters.unshift(conversationId);
    }
    if (types) {
      conditions.push(`type IN (${types.map(() => '?').join(', ')})`);
      parameters.push(...types);
    }
    return this.selectPageIn(scope, transaction, {
      branches: [{ where: conditions.join(' AND '), parameters }],
      order: [['position', 'ASC']],
      limit,
      offset: 0,
      index: conversationId === undefined ? 'PRIMARY' : 'event_by_conversation',
      meetsFew: conversationId !== undefined,
    });
  }

  async removeUpTo(
    scope: TenantScope,
    transaction: Transaction,
    epoch: string,
    position: number,
  ): Promise<void> {
    await this.deleteIn(scope.ofTenant, transaction, {
      where: 'epoch = ? AND position <= ?',
      parameters: [epoch, position],
    });
  }
}
