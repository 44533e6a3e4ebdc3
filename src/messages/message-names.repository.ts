import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { type SqlValue, TenantScopedRepository } from '../database/sql/tenant-scoped.repository.js';
import type { Transaction } from '../database/sql/transactions.js';
import type { TenantScope } from '../identity/tenant-scope.js';
import { MessageName } from './message-name.entity.js';

const SEQUENCE = ['sequence'] as const;

/** For MessagesRepository: names are written, copied and removed with their messages. */
@Injectable()
export class MessageNamesRepository extends TenantScopedRepository<MessageName> {
  /** The sequences of the messages that have one of these names; a part of another statement. */
  readonly sequencesOf = (scope: TenantScope, conversationId: string, names: readonly string[]): SqlValue =>
    this.valuesOf(scope, SEQUENCE, {
      where: `conversation_id = ? AND external_id IN (${names.map(() => '?').join(', ')})`,
      parameters: [conversationId, ...names],
    });

  constructor(@InjectRepository(MessageName) repository: Repository<MessageName>) {
    super(repository);
  }

  add(scope: TenantScope, transaction: Transaction, names: readonly MessageName[]): Promise<void> {
    return this.insertIn(scope, transaction, names);
  }

  /** Gives the names of messages up to a sequence to their copies in another conversation. */
  copy(
    scope: TenantScope,
    transaction: Transaction,
    from: string,
    upTo: number,
    conversationId: string,
  ): Promise<void> {
    return this.copyIn(
      scope,
      transaction,
      { conversationId: { sql: '?', parameters: [conversationId] } },
      {
        where: 'conversation_id = ? AND sequence <= ?',
        parameters: [from, upTo],
      },
    );
  }

  removeRange(
    scope: TenantScope,
    transaction: Transaction,
    conversationId: string,
    from: number,
    to: number,
  ): Promise<void> {
    return this.deleteIn(scope, transaction, {
      where: 'conversation_id = ? AND sequence >= ? AND sequence <= ?',
      parameters: [conversationId, from, to],
    });
  }
}
