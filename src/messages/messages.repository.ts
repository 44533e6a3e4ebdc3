import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { sequenceOfMessageId } from './new-message-id.js';
import { changedBy } from '../database/schema/authorship.js';
import { TenantScopedRepository } from '../database/sql/tenant-scoped.repository.js';
import type { Transaction } from '../database/sql/transactions.js';
import type { TenantScope } from '../identity/tenant-scope.js';
import { Message } from './message.entity.js';

/** Sequences `from` to `to`, both inclusive, in ascending or descending order. */
interface SequenceRange {
  from: number;
  to: number;
  descending: boolean;
}

const BY_ID = 'conversation_id = ? AND sequence = ? AND id = ?';
const keyOf = (conversationId: string, id: string) => [conversationId, sequenceOfMessageId(id), id];

@Injectable()
export class MessagesRepository extends TenantScopedRepository<Message> {
  constructor(@InjectRepository(Message) repository: Repository<Message>) {
    super(repository);
  }

  async append(
    scope: TenantScope,
    transaction: Transaction,
    messages: readonly Omit<Message, 'tenantId'>[],
  ): Promise<void> {
    await this.insertIn(scope, transaction, messages);
  }

  async findByIdIn(
    scope: TenantScope,
    transaction: Transaction,
    conversationId: string,
    id: string,
  ): Promise<Message | null> {
    const [message] = await this.selectIn(scope, transaction, {
      where: BY_ID,
      parameters: keyOf(conversationId, id),
    });
    return message ?? null;
  }

  /** The message as it is now, held against all other writers until the transaction ends. */
  async findLocked(
    scope: TenantScope,
    transaction: Transaction,
    conversationId: string,
    id: string,
  ): Promise<Message | null> {
    const [message] = await this.selectLockedIn(scope, transaction, {
      where: BY_ID,
      parameters: keyOf(conversationId, id),
    });
    return message ?? null;
  }

  listRangeIn(
    scope: TenantScope,
    transaction: Transaction,
    conversationId: string,
    { from, to, descending }: SequenceRange,
  ): Promise<Message[]> {
    return this.selectIn(scope, transaction, {
      where: 'conversation_id = ? AND sequence >= ? AND sequence <= ?',
      parameters: [conversationId, from, to],
      order: [['sequence', descending ? 'DESC' : 'ASC']],
    });
  }

  /** Sets feedback and metadata, as far as they are given, of a message of this version, which the transaction has locked. */
  annotate(
    scope: TenantScope,
    transaction: Transaction,
    { conversationId, id, version }: Pick<Message, 'conversationId' | 'id' | 'version'>,
    change: Partial<Pick<Message, 'feedback' | 'metadata'>>,
    time: Date,
  ): Promise<void> {
    const { set, values } = changedBy(scope.principal, time);
    const columns = Object.keys(change).map((column) => `${column} = ?, `);
    return this.updateIn(scope, transaction, {
      set: columns.join('') + set,
      values: [...Object.values(change), ...values],
      where: `${BY_ID} AND version = ?`,
      parameters: [...keyOf(conversationId, id), version],
    });
  }

  /** Removes the messages with sequences `from` to `to` of a conversation that is deleted. */
  async removeRange(
    scope: TenantScope,
    transaction: Transaction,
    conversationId: string,
    from: number,
    to: number,
  ): Promise<void> {
    await this.deleteIn(scope, transaction, {
      where: 'conversation_id = ? AND sequence >= ? AND sequence <= ?',
      parameters: [conversationId, from, to],
    });
  }
}
