import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { sequenceOfMessageId } from './new-message-id.js';
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

  listBySequencesIn(
    scope: TenantScope,
    transaction: Transaction,
    conversationId: string,
    sequences: readonly number[],
  ): Promise<Message[]> {
    return this.selectIn(scope, transaction, {
      where: `conversation_id = ? AND sequence IN (${sequences.map(() => '?').join(', ')})`,
      parameters: [conversationId, ...sequences],
    });
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

  /** Writes a message as it is to be, which the transaction has locked as it was. */
  change(scope: TenantScope, transaction: Transaction, before: Message, after: Message): Promise<void> {
    return this.replaceIn(scope, transaction, before, after, {
      where: `${BY_ID} AND version = ?`,
      parameters: [...keyOf(before.conversationId, before.id), before.version],
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
