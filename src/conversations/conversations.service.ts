import { Injectable } from '@nestjs/common';
import { now } from '../common/clock.js';
import { Unavailable } from '../common/errors/domain-error.js';
import { assertExpected, type ExpectedVersions } from '../common/versions.js';
import { laterOf, withChange } from '../database/schema/authorship.js';
import { lockedChange } from '../database/sql/locked-change.js';
import { type AlreadyDone, type Transaction, Transactions, type Work } from '../database/sql/transactions.js';
import type { NewEvent } from '../events/event-outbox.js';
import { IdempotencyService } from '../idempotency/idempotency.service.js';
import type { TenantScope } from '../identity/tenant-scope.js';
import {
  changeOf,
  conversationChanged,
  conversationCreated,
  conversationDeleted,
} from './conversation-events.js';
import { ConversationCountsRepository } from './conversation-counts.repository.js';
import type { ConversationHead } from './conversation-head.js';
import { Conversation } from './conversation.entity.js';
import { ConversationExists, ConversationNotFound, StatusConflict } from './conversation.errors.js';
import { type ConversationChange, ConversationsRepository } from './conversations.repository.js';
import { DeletedConversationsRepository } from './deleted-conversations.repository.js';
import type { RunStatus } from './run-status.js';
import { WriteEffects } from './write-effects.js';

/** How a conversation begins. */
interface Start {
  /** The conversation as it is to be, with nothing written yet. */
  prepare: (transaction: Transaction) => Promise<Conversation>;
  /** Writes what belongs to it, and tells what happened by that. */
  fill: (transaction: Transaction, conversation: Conversation) => Promise<readonly NewEvent[]>;
  returnsExisting: boolean;
}

export interface ConversationUpdate {
  topic?: string | undefined;
  /** JSON text. */
  extendProperties?: string | undefined;
}

/** What a conversation must be for a change to be made; what is undefined may be anything. */
interface Expectation {
  versions: ExpectedVersions;
  status?: RunStatus | undefined;
}

const MAX_NAME_ATTEMPTS = 3;

@Injectable()
export class ConversationsService {
  constructor(
    private readonly conversations: ConversationsRepository,
    private readonly counts: ConversationCountsRepository,
    private readonly deletedConversations: DeletedConversationsRepository,
    private readonly transactions: Transactions,
    private readonly idempotency: IdempotencyService,
    private readonly effects: WriteEffects,
  ) {}

  /**
   * Stores a new conversation, with what it begins with, in one transaction. A name that is taken is
   * ConversationExists, or where `returnsExisting` the conversation that has it, unchanged.
   */
  start(scope: TenantScope, { prepare, fill, returnsExisting }: Start): Promise<Conversation> {
    let id: string | undefined;
    return this.#write(scope, {
      work: async (transaction) => {
        const conversation = await prepare(transaction);
        id = conversation.id;
        const existing = await this.#createUnlessNamed(scope, transaction, conversation);
        if (existing && !returnsExisting) throw new ConversationExists(existing);
        if (existing) {
          await this.effects.leave(transaction, changeOf(existing), [
            { scope, isNew: false, id: existing.id, events: [] },
          ]);
          return existing;
        }
        const events = [conversationCreated(conversation), ...(await fill(transaction, conversation))];
        await this.effects.leave(transaction, changeOf(conversation), [{ scope, isNew: true, id, events }]);
        await this.counts.add(scope, transaction, conversation, 1);
        return conversation;
      },
      alreadyDone: async (transaction) =>
        (id === undefined ? null : await this.findLocked(scope, transaction, id)) ?? undefined,
    });
  }

  /** Creates a conversation and returns null; or returns the one that has its name. */
  async #createUnlessNamed(
    scope: TenantScope,
    transaction: Transaction,
    conversation: Conversation,
  ): Promise<Conversation | null> {
    const { externalId, externalUnitId } = conversation;
    if (externalId === null || externalUnitId === null) {
      await this.conversations.create(scope, transaction, conversation);
      return null;
    }
    for (let attempt = 1; attempt <= MAX_NAME_ATTEMPTS; attempt++) {
      if (await this.conversations.createNamed(scope, transaction, conversation)) return null;
      const existing = await this.conversations.findNamedLocked(
        scope,
        transaction,
        externalId,
        externalUnitId,
      );
      // Who had the name may have been deleted in between.
      if (existing) return existing;
    }
    throw new Unavailable('The name is given and taken back too fast.');
  }

  /** Throws ConversationNotFound. */
  async get(scope: TenantScope, id: string): Promise<Conversation> {
    const conversation = await this.conversations.findById(scope, id);
    if (!conversation) throw new ConversationNotFound();
    return conversation;
  }

  /**
   * Changes topic and properties, as far as they are given. Throws ConversationNotFound, or PreconditionFailed unless
   * its version is expected.
   */
  update(
    scope: TenantScope,
    id: string,
    change: ConversationUpdate,
    versions: ExpectedVersions,
  ): Promise<Conversation> {
    return this.#change(scope, id, change, { versions });
  }

  /**
   * An undefined status changes nothing. Throws ConversationNotFound, PreconditionFailed unless its version is
   * expected, or StatusConflict unless its status is.
   */
  changeStatus(
    scope: TenantScope,
    id: string,
    status: RunStatus | undefined,
    expected: Expectation,
  ): Promise<Conversation> {
    return this.#change(scope, id, { status }, expected);
  }

  /** Takes the next `count` sequences of a conversation and returns it as it then is; null when there is none. */
  async reserveSequences(
    scope: TenantScope,
    transaction: Transaction,
    id: string,
    count: number,
  ): Promise<ConversationHead | null> {
    const time = now();
    await this.conversations.reserveSequences(scope, transaction, id, count, time, time);
    return this.conversations.findHeadIn(scope, transaction, id);
  }

  /**
   * As `reserveSequences`, for a writer that holds its lock and knows it, and for what was created at `time`. Returns
   * when and in which version it is written.
   */
  async takeSequences(
    scope: TenantScope,
    transaction: Transaction,
    head: ConversationHead,
    count: number,
    time: Date,
  ): Promise<ConversationHead> {
    const writtenTime = laterOf(now(), head.writtenTime);
    await this.conversations.reserveSequences(scope, transaction, head.id, count, time, writtenTime);
    return { ...head, writtenTime: writtenTime.toISOString(), version: head.version + 1 };
  }

  /**
   * The conversation is gone for everybody when this returns; its messages, which nothing can reach any more, are
   * removed soon after (see `messages/message-purge.ts`). Throws ConversationNotFound, or PreconditionFailed.
   */
  async delete(scope: TenantScope, id: string, versions: ExpectedVersions): Promise<void> {
    await this.transactions.run(
      scope,
      async (transaction) => {
        const conversation = await this.getLocked(scope, transaction, id);
        assertAsExpected(conversation, { versions });
        await this.conversations.remove(scope, transaction, conversation);
        await this.deletedConversations.add(scope, transaction, conversation);
        const deleted = asWritten(
          conversation,
          { ...conversation, version: conversation.version + 1 },
          now(),
        );
        const events = [conversationDeleted(deleted)];
        await this.effects.leave(transaction, changeOf(deleted), [{ scope, isNew: false, id, events }]);
        await this.counts.add(scope, transaction, conversation, -1);
        return id;
      },
      {
        alreadyDone: async (transaction) =>
          (await this.findLocked(scope, transaction, id)) ? undefined : id,
      },
    );
  }

  #change(
    scope: TenantScope,
    id: string,
    change: ConversationChange,
    expected: Expectation,
  ): Promise<Conversation> {
    const locked = lockedChange<Conversation>({
      lock: (transaction) => this.getLocked(scope, transaction, id),
      change: (conversation) => {
        assertAsExpected(conversation, expected);
        const time = now();
        return asWritten(conversation, withChange(conversation, change, scope.principal, time), time);
      },
      write: async (transaction, before, after) => {
        await this.conversations.change(scope, transaction, before, after);
        const events = conversationChanged(before, after);
        await this.effects.leave(transaction, changeOf(after), [{ scope, isNew: false, id, events }]);
        if (after.status === before.status) return;
        await this.counts.add(scope, transaction, before, -1);
        await this.counts.add(scope, transaction, after, 1);
      },
    });
    return this.#write(scope, locked);
  }

  /** A write whose answer is the conversation. */
  #write(
    scope: TenantScope,
    write: { work: Work<Conversation>; alreadyDone: AlreadyDone<Conversation> },
  ): Promise<Conversation> {
    return this.idempotency.run(scope, write, ({ id }) => this.get(scope, id));
  }

  /** Holds a conversation against all other writers until the transaction ends; null when there is none. */
  async findLocked(scope: TenantScope, transaction: Transaction, id: string): Promise<Conversation | null> {
    return this.conversations.findLocked(scope, transaction, id);
  }

  /** As `findLocked`. Throws ConversationNotFound. */
  async getLocked(scope: TenantScope, transaction: Transaction, id: string): Promise<Conversation> {
    const conversation = await this.findLocked(scope, transaction, id);
    if (!conversation) throw new ConversationNotFound();
    return conversation;
  }

  /** What messages need of their conversation, held against all other writers; null when there is none. */
  findHeadLocked(scope: TenantScope, transaction: Transaction, id: string): Promise<ConversationHead | null> {
    return this.conversations.findHeadLocked(scope, transaction, id);
  }

  /** What messages need of their conversation, with what the transaction has changed. Throws ConversationNotFound. */
  async getHeadIn(scope: TenantScope, transaction: Transaction, id: string): Promise<ConversationHead> {
    const head = await this.conversations.findHeadIn(scope, transaction, id);
    if (!head) throw new ConversationNotFound();
    return head;
  }
}

/** Throws PreconditionFailed or StatusConflict when a conversation is not as a change expects it. */
function assertAsExpected(conversation: Conversation, { versions, status }: Expectation): void {
  assertExpected(versions, conversation.version);
  if (status !== undefined && conversation.status !== status) throw new StatusConflict(conversation.status);
}

/** A conversation that is written now, from what it was; the very same one where it is not. */
function asWritten(before: Conversation, after: Conversation, time: Date): Conversation {
  if (after === before) return before;
  return { ...after, writtenTime: laterOf(time, before.writtenTime).toISOString() };
}
