import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { TenantScopedRepository } from '../database/sql/tenant-scoped.repository.js';
import type { Transaction } from '../database/sql/transactions.js';
import type { TenantScope } from '../identity/tenant-scope.js';
import { DeletedConversation } from './deleted-conversation.entity.js';

const NEVER = new Date(0);

/** The queue of conversations whose messages are still to be removed. */
@Injectable()
export class DeletedConversationsRepository extends TenantScopedRepository<DeletedConversation> {
  constructor(@InjectRepository(DeletedConversation) repository: Repository<DeletedConversation>) {
    super(repository);
  }

  async add(
    scope: TenantScope,
    transaction: Transaction,
    { id, tenantUnitId, messageCount }: Pick<DeletedConversation, 'id' | 'tenantUnitId' | 'messageCount'>,
  ): Promise<void> {
    const conversation = { id, tenantUnitId, messageCount, purgedSequence: 0, claimedUntil: NEVER };
    await this.insertIn(scope, transaction, [conversation]);
  }

  /** Notes how far the purge is and until when this replica works on it. False when another one has taken it. */
  async advance(
    scope: TenantScope,
    transaction: Transaction,
    { id, claimedUntil }: Pick<DeletedConversation, 'id' | 'claimedUntil'>,
    next: Pick<DeletedConversation, 'purgedSequence' | 'claimedUntil'>,
  ): Promise<boolean> {
    const matched = await this.updateCountedIn(scope, transaction, {
      set: 'purged_sequence = ?, claimed_until = ?',
      values: [next.purgedSequence, next.claimedUntil],
      where: 'id = ? AND claimed_until = ?',
      parameters: [id, claimedUntil],
    });
    return matched === 1;
  }

  async remove(scope: TenantScope, transaction: Transaction, id: string): Promise<void> {
    await this.deleteIn(scope, transaction, { where: 'id = ?', parameters: [id] });
  }
}
