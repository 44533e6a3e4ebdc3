import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { newMessageId, sequenceOfMessageId } from './new-message-id.js';
import { TenantScopedRepository } from '../database/sql/tenant-scoped.repository.js';
import type { Transaction } from '../database/sql/transactions.js';
import type { TenantScope } from '../identity/tenant-scope.js';
import { ConversationsRepository } from '../conversations/conversations.repository.js';
import { MessageNamesRepository } from './message-names.repository.js';
import { TOLD, type ToldMessage } from './message-events.js';
import { Message, type Omissible, type ReadMessage } from './message.entity.js';

/** Sequences `from` to `to`, both inclusive, in ascending or descending order. */
export interface SequenceRange {
  from: number;
  to: number;
  descending: boolean;
}

/** As many of these as a page may have are about a megabyte; larger ones are noted. */
const SMALL_MESSAGE_BYTES = 5 * 1024;
const CREATED = ['createdTime'] as const;
/** In characters of an id, hyphens included. */
const TIME_LENGTH = 14;
const SEQUENCE_LENGTH = 8;
const BY_ID = 'conversation_id = ? AND sequence = ? AND id = ?';
const keyOf = (conversationId: string, id: string) => [conversationId, sequenceOfMessageId(id), id];

@Injectable()
export class MessagesRepository extends TenantScopedRepository<Message> {
  constructor(
    @InjectRepository(Message) repository: Repository<Message>,
    private readonly names: MessageNamesRepository,
    private readonly conversations: ConversationsRepository,
  ) {
    super(repository);
  }

  async append(scope: TenantScope, transaction: Transaction, messages: readonly Message[]): Promise<void> {
    await this.insertIn(scope, transaction, messages);
    await this.#noteSize(scope, transaction, messages);
    const named = messages.flatMap(({ externalId, ...message }) =>
      externalId === null ? [] : [{ ...message, externalId }],
    );
    if (named.length > 0) await this.names.add(scope, transaction, named);
  }

  /**
   * Copies the messages of a conversation up to a sequence, names included, to the beginning of another one. They keep
   * all but their ids, of which they keep the time and the sequence.
   */
  async copy(
    scope: TenantScope,
    transaction: Transaction,
    from: string,
    upTo: number,
    conversationId: string,
  ): Promise<void> {
    // What stands between the time and the sequence of a message's id: its version, its variant, random bits.
    const middle = newMessageId(new Date(), 0).slice(TIME_LENGTH, -SEQUENCE_LENGTH);
    const copied = {
      conversationId: { sql: '?', parameters: [conversationId] },
      id: {
        sql: `CONCAT(SUBSTR(id, 1, ${TIME_LENGTH}), ?, SUBSTR(id, -${SEQUENCE_LENGTH}))`,
        parameters: [middle],
      },
      version: { sql: '1', parameters: [] },
    };
    const upToSequence = { where: 'conversation_id = ? AND sequence <= ?', parameters: [from, upTo] };
    await this.copyIn(scope, transaction, copied, upToSequence);
    await this.names.copy(scope, transaction, from, upTo, conversationId);
  }

  /** How many bytes the texts of the messages with sequences `from` to `to` have. */
  sizeOfRangeIn(
    scope: TenantScope,
    transaction: Transaction,
    conversationId: string,
    from: number,
    to: number,
  ): Promise<number> {
    const texts = ['content', "COALESCE(parts, '')", 'metadata'].map((text) => `OCTET_LENGTH(${text})`);
    return this.aggregateIn(scope, transaction, `COALESCE(SUM(${texts.join(' + ')}), 0)`, {
      where: 'conversation_id = ? AND sequence >= ? AND sequence <= ?',
      parameters: [conversationId, from, to],
    });
  }

  /** The messages that have one of these names. */
  async listByNamesIn(
    scope: TenantScope,
    transaction: Transaction,
    conversationId: string,
    names: readonly string[],
  ): Promise<Message[]>;
  async listByNamesIn(
    scope: TenantScope,
    transaction: Transaction,
    conversationId: string,
    names: readonly string[],
    omitted: readonly Omissible[],
  ): Promise<ReadMessage[]>;
  async listByNamesIn(
    scope: TenantScope,
    transaction: Transaction,
    conversationId: string,
    names: readonly string[],
    omitted: readonly Omissible[] = [],
  ): Promise<ReadMessage[]> {
    if (names.length === 0) return [];
    const sequences = this.names.sequencesOf(scope, conversationId, names);
    return this.selectWithoutIn(scope, transaction, omitted, {
      where: `conversation_id = ? AND sequence IN ${sequences.sql}`,
      parameters: [conversationId, ...sequences.parameters],
    });
  }

  /** When a message was created; undefined when there is none. */
  async findCreatedTimeIn(
    scope: TenantScope,
    transaction: Transaction,
    conversationId: string,
    sequence: number,
  ): Promise<Date | undefined> {
    const [message] = await this.selectOnlyIn(scope, transaction, CREATED, {
      where: 'conversation_id = ? AND sequence = ?',
      parameters: [conversationId, sequence],
    });
    return message && new Date(message.createdTime);
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

  /** What events tell of the messages of a conversation, in order. */
  async listToldIn(
    scope: TenantScope,
    transaction: Transaction,
    conversationId: string,
  ): Promise<ToldMessage[]> {
    const messages = await this.selectOnlyIn(scope, transaction, TOLD, {
      where: 'conversation_id = ?',
      parameters: [conversationId],
    });
    return messages.sort((a, b) => a.sequence - b.sequence);
  }

  listRangeIn(
    scope: TenantScope,
    transaction: Transaction,
    conversationId: string,
    { from, to, descending }: SequenceRange,
    omitted: readonly Omissible[] = [],
  ): Promise<ReadMessage[]> {
    return this.selectWithoutIn(scope, transaction, omitted, {
      where: 'conversation_id = ? AND sequence >= ? AND sequence <= ?',
      parameters: [conversationId, from, to],
      order: [['sequence', descending ? 'DESC' : 'ASC']],
    });
  }

  /** As `listRangeIn`, but nothing where `maxBytes` do not hold so many messages as large as the largest one. */
  listSmallRangeIn(
    scope: TenantScope,
    transaction: Transaction,
    conversationId: string,
    { from, to, descending }: SequenceRange,
    { count, maxBytes, omitted = [] }: { count: number; maxBytes: number; omitted?: readonly Omissible[] },
  ): Promise<ReadMessage[]> {
    const largest = 'SELECT MAX(largest_message) FROM conversation WHERE tenant_id = ? AND id = ?';
    return this.selectWithoutIn(scope, transaction, omitted, {
      where: `conversation_id = ? AND sequence >= ? AND sequence <= ? AND (${largest}) * ? <= ?`,
      parameters: [conversationId, from, to, scope.tenantId, conversationId, count, maxBytes],
      order: [['sequence', descending ? 'DESC' : 'ASC']],
    });
  }

  /** Writes a message as it is to be, which the transaction has locked as it was. */
  async change(scope: TenantScope, transaction: Transaction, before: Message, after: Message): Promise<void> {
    await this.#noteSize(scope, transaction, [after]);
    await this.replaceIn(scope, transaction, before, after, {
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
    await this.names.removeRange(scope, transaction, conversationId, from, to);
  }

  async #noteSize(scope: TenantScope, transaction: Transaction, messages: readonly Message[]): Promise<void> {
    const largest = messages.reduce((size, message) => Math.max(size, bytesOf(message)), 0);
    const [first] = messages;
    if (first && largest > SMALL_MESSAGE_BYTES)
      await this.conversations.raiseLargestMessage(scope, transaction, first.conversationId, largest);
  }
}

/** About how many bytes the text of a message has. */
export const bytesOf = ({
  content,
  metadata = '',
  parts,
}: Pick<ReadMessage, 'content' | 'metadata' | 'parts'>): number =>
  Buffer.byteLength(content) + metadata.length + (parts?.length ?? 0);
