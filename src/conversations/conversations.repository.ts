import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { changedBy } from '../database/schema/authorship.js';
import { SLICE_BYTES } from '../database/sql/large-reads.js';
import { TenantScopedRepository } from '../database/sql/tenant-scoped.repository.js';
import type { Transaction } from '../database/sql/transactions.js';
import type { TenantScope } from '../identity/tenant-scope.js';
import { CONVERSATION_HEAD, type ConversationHead } from './conversation-head.js';
import type { ConversationFilter, ConversationOrder } from './conversation-list.js';
import { Conversation } from './conversation.entity.js';
import { behind, conditionOf, pageOf } from './conversations.sql.js';
import type { ConversationPosition } from './conversations.sql.js';

/** A conversation as a list reads it: an object of a client that is large is null, and is read when it is wanted. */
export type ListedConversation = Omit<Conversation, LargeProperty> & Record<LargeProperty, string | null>;
type LargeProperty = (typeof LARGE_PROPERTIES)[number];
const LARGE_PROPERTIES = ['inputs', 'extendProperties'] as const;

/** So that all that a list of so many reads at once is about a megabyte. */
const shortenedFor = (limit: number) => ({
  properties: LARGE_PROPERTIES,
  maxBytes: 2 ** Math.floor(Math.log2(SLICE_BYTES / LARGE_PROPERTIES.length / limit)),
});

/** What is given to a conversation. */
export type ConversationChange = {
  readonly [Property in 'topic' | 'status' | 'extendProperties']?: Conversation[Property] | undefined;
};

@Injectable()
export class ConversationsRepository extends TenantScopedRepository<Conversation> {
  constructor(@InjectRepository(Conversation) repository: Repository<Conversation>) {
    super(repository);
  }

  create(
    scope: TenantScope,
    transaction: Transaction,
    conversation: Omit<Conversation, 'tenantId'>,
  ): Promise<void> {
    return this.insertIn(scope, transaction, [conversation]);
  }

  /** False, and nothing created, when another conversation of its unit has its name. */
  createNamed(
    scope: TenantScope,
    transaction: Transaction,
    conversation: Omit<Conversation, 'tenantId'>,
  ): Promise<boolean> {
    return this.insertUniqueIn(scope, transaction, conversation);
  }

  /** The conversation of this name in the unit (empty: without one), as `findLocked` gives it. */
  async findNamedLocked(
    scope: TenantScope,
    transaction: Transaction,
    externalId: string,
    unit: string,
  ): Promise<Conversation | null> {
    const [conversation] = await this.selectLockedIn(scope, transaction, {
      where: 'external_id = ? AND external_unit_id = ?',
      parameters: [externalId, unit],
    });
    return conversation ?? null;
  }

  async findById(scope: TenantScope, id: string): Promise<Conversation | null> {
    const [conversation] = await this.select(scope, { where: 'id = ?', parameters: [id] });
    return conversation ?? null;
  }

  async findHeadIn(
    scope: TenantScope,
    transaction: Transaction,
    id: string,
  ): Promise<ConversationHead | null> {
    const [head] = await this.selectOnlyIn(scope, transaction, CONVERSATION_HEAD, {
      where: 'id = ?',
      parameters: [id],
    });
    return head ?? null;
  }

  /** As `findHeadIn`, held against all other writers until the transaction ends. */
  async findHeadLocked(
    scope: TenantScope,
    transaction: Transaction,
    id: string,
  ): Promise<ConversationHead | null> {
    const [head] = await this.selectOnlyLockedIn(scope, transaction, CONVERSATION_HEAD, {
      where: 'id = ?',
      parameters: [id],
    });
    return head ?? null;
  }

  /** The conversations of these ids that are there, in no order. */
  listByIdsIn(scope: TenantScope, transaction: Transaction, ids: readonly string[]): Promise<Conversation[]> {
    return this.selectIn(scope, transaction, {
      where: `id IN (${ids.map(() => '?').join(', ')})`,
      parameters: ids,
    });
  }

  listPageIn(
    scope: TenantScope,
    transaction: Transaction,
    filter: ConversationFilter,
    order: ConversationOrder,
    window: { limit: number; offset: number },
  ): Promise<ListedConversation[]> {
    const page = pageOf(scope, filter, order, window);
    return this.selectPageIn(scope, transaction, { ...page, shortened: shortenedFor(window.limit) });
  }

  /** The rows behind a position, at the same cost wherever it is. */
  listBehind(
    scope: TenantScope,
    filter: ConversationFilter,
    order: ConversationOrder,
    limit: number,
    position: ConversationPosition,
  ): Promise<ListedConversation[]> {
    const page = pageOf(scope, filter, order, { limit, offset: 0 });
    return this.selectPage(scope, {
      ...page,
      shortened: shortenedFor(limit),
      branches: page.branches.map((branch) => behind(branch, order, position)),
    });
  }

  /** The rows behind the first `offset` of `total`, counted from the nearer end of the list. */
  async listDeepIn(
    scope: TenantScope,
    transaction: Transaction,
    filter: ConversationFilter,
    order: ConversationOrder,
    { limit, offset, total }: { limit: number; offset: number; total: number },
  ): Promise<ListedConversation[]> {
    const wanted = Math.min(limit, total - offset);
    if (wanted <= 0) return [];
    if (offset <= total / 2) {
      return this.listPageIn(scope, transaction, filter, order, { limit: wanted, offset });
    }
    const fromEnd = { limit: wanted, offset: total - offset - wanted, reversed: true };
    const page = pageOf(scope, filter, order, fromEnd);
    const rows = await this.selectPageIn(scope, transaction, { ...page, shortened: shortenedFor(wanted) });
    return rows.reverse();
  }

  countMatchingIn(scope: TenantScope, transaction: Transaction, filter: ConversationFilter): Promise<number> {
    return this.aggregateIn(scope, transaction, 'COUNT(*)', conditionOf(filter));
  }

  /** The conversation as it is now, held against all other writers until the transaction ends. */
  async findLocked(scope: TenantScope, transaction: Transaction, id: string): Promise<Conversation | null> {
    const [conversation] = await this.selectLockedIn(scope, transaction, {
      where: 'id = ?',
      parameters: [id],
    });
    return conversation ?? null;
  }

  /** Writes a conversation as it is to be, which the transaction has locked as it was. */
  change(
    scope: TenantScope,
    transaction: Transaction,
    before: Conversation,
    after: Conversation,
  ): Promise<void> {
    return this.replaceIn(scope, transaction, before, after, {
      where: 'id = ? AND version = ?',
      parameters: [before.id, before.version],
    });
  }

  /**
   * Takes the next `count` sequence numbers of a conversation, if it exists; `message_count` then is the last of
   * them. The row's lock is the queue of its writers.
   */
  reserveSequences(
    scope: TenantScope,
    transaction: Transaction,
    id: string,
    count: number,
    time: Date,
    writtenTime: Date,
  ): Promise<void> {
    const { set, values } = changedBy(scope.principal, time);
    return this.updateIn(scope, transaction, {
      set: `message_count = message_count + ?, written_time = CASE WHEN written_time < ? THEN ? ELSE written_time END, ${set}`,
      values: [count, writtenTime, writtenTime, ...values],
      where: 'id = ?',
      parameters: [id],
    });
  }

  /** Notes that a conversation has a message of so many bytes. */
  raiseLargestMessage(
    scope: TenantScope,
    transaction: Transaction,
    id: string,
    bytes: number,
  ): Promise<void> {
    return this.updateIn(scope, transaction, {
      set: 'largest_message = ?',
      values: [bytes],
      where: 'id = ? AND largest_message < ?',
      parameters: [id, bytes],
    });
  }

  /** Deletes a conversation of this version, which the transaction has locked. */
  remove(
    scope: TenantScope,
    transaction: Transaction,
    { id, version }: Pick<Conversation, 'id' | 'version'>,
  ): Promise<void> {
    return this.deleteIn(scope, transaction, { where: 'id = ? AND version = ?', parameters: [id, version] });
  }
}
