import { Injectable } from '@nestjs/common';
import { now } from '../common/clock.js';
import { Unavailable } from '../common/errors/domain-error.js';
import { assertExpected, type ExpectedVersions } from '../common/versions.js';
import { decodeCursor, encodeCursor } from '../common/pagination/cursor.js';
import type { Page } from '../common/pagination/page.js';
import { laterOf, withChange } from '../database/schema/authorship.js';
import { LargeReads, SLICE_BYTES } from '../database/sql/large-reads.js';
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
import type { ConversationFilter, ConversationOrder } from './conversation-list.js';
import { Conversation } from './conversation.entity.js';
import { ConversationExists, ConversationNotFound, StatusConflict } from './conversation.errors.js';
import {
  type ConversationChange,
  ConversationsRepository,
  type ListedConversation,
} from './conversations.repository.js';
import type { ConversationPosition } from './conversations.sql.js';
import { DeletedConversationsRepository } from './deleted-conversations.repository.js';
import type { RunStatus } from './run-status.js';
import { WriteEffects } from './write-effects.js';

export interface ConversationPageRequest {
  filter: ConversationFilter;
  order: ConversationOrder;
  pageSize: number;
  /** Where to start: a page number, or the cursor of the page before. */
  from: { pageNumber: number } | { cursor: string };
}

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

/** A page whose conversations are too large to be held at once has them in slices. */
export interface ConversationPage extends Omit<Page<Conversation>, 'items'> {
  readonly items: readonly Conversation[] | AsyncIterable<readonly Conversation[]>;
  readonly nextCursor: string | null;
}

/** Both objects of a client may have 64 KiB each. */
const MAX_CONVERSATION_BYTES = 128 * 1024;

/** Only the order by activity asks for it. */
const NEVER = new Date(0);

const MAX_NAME_ATTEMPTS = 3;
/** From here on a page is looked for from the nearer end of its list. */
const DEEP_OFFSET = 1_000;

@Injectable()
export class ConversationsService {
  constructor(
    private readonly conversations: ConversationsRepository,
    private readonly counts: ConversationCountsRepository,
    private readonly deletedConversations: DeletedConversationsRepository,
    private readonly transactions: Transactions,
    private readonly idempotency: IdempotencyService,
    private readonly effects: WriteEffects,
    private readonly largeReads: LargeReads,
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

  /** Throws `invalid_cursor` for a cursor of another list. */
  async list(scope: TenantScope, request: ConversationPageRequest): Promise<ConversationPage> {
    const { filter, order, pageSize, from } = request;
    const list = { tenant: scope.tenantId, unit: scope.tenantUnitId, order, filter };
    if ('cursor' in from) {
      const position = positionOf(decodeCursor(list, from.cursor));
      const found = await this.conversations.listBehind(scope, filter, order, pageSize + 1, position);
      return this.#pageOf(scope, list, found.slice(0, pageSize), {
        pageNumber: null,
        pageSize,
        totalCount: null,
        hasNextPage: found.length > pageSize,
      });
    }
    const { pageNumber } = from;
    const offset = (pageNumber - 1) * pageSize;
    // One more than the page has: the total is of another moment, and must not end a walk too early.
    const limit = pageSize + 1;
    const { items, totalCount } =
      offset < DEEP_OFFSET
        ? await this.#listNear(scope, filter, order, limit, offset)
        : await this.#listDeep(scope, filter, order, limit, offset);
    return this.#pageOf(scope, list, items.slice(0, pageSize), {
      pageNumber,
      pageSize,
      totalCount,
      hasNextPage: items.length > pageSize,
    });
  }

  /**
   * Up to `limit` conversations, oldest first, behind one of them, whether that is still there or not. What is large is
   * read when it is reached.
   */
  async listBehind(
    scope: TenantScope,
    filter: ConversationFilter,
    id: string,
    limit: number,
  ): Promise<{ last: string | undefined; conversations: AsyncIterable<readonly Conversation[]> }> {
    const position = { id, updatedTime: NEVER };
    const found = await this.conversations.listBehind(scope, filter, 'oldest', limit, position);
    return { last: found.at(-1)?.id, conversations: this.#slices(scope, found) };
  }

  /** A page of `list`, with the cursor that goes on behind it. */
  #pageOf(
    scope: TenantScope,
    list: unknown,
    listed: readonly ListedConversation[],
    page: Omit<ConversationPage, 'items' | 'nextCursor'>,
  ): ConversationPage {
    const last = listed.at(-1);
    const nextCursor = page.hasNextPage && last ? encodeCursor(list, [last.id, last.updatedTime]) : null;
    const items = listed.every(isWhole) ? listed : this.#slices(scope, listed);
    return { ...page, items, nextCursor };
  }

  /** The conversations of a list, as many at a time as are about a megabyte; without those that are deleted meanwhile. */
  async *#slices(
    scope: TenantScope,
    listed: readonly ListedConversation[],
  ): AsyncGenerator<readonly Conversation[]> {
    if (listed.every(isWhole)) {
      yield listed;
      return;
    }
    let next = 0;
    yield* this.largeReads.slices(scope, async () => {
      const slice = listed.slice(next, next + CONVERSATIONS_IN_SLICE);
      if (slice.length === 0) return undefined;
      next += slice.length;
      const ids = slice.flatMap((one) => (isWhole(one) ? [] : [one.id]));
      if (ids.length === 0) return slice.filter(isWhole);
      const found = await this.transactions.readTogether(scope, (reads) =>
        this.conversations.listByIdsIn(scope, reads, ids),
      );
      const byId = new Map(found.map((conversation) => [conversation.id, conversation]));
      return slice.flatMap((one) => (isWhole(one) ? one : (byId.get(one.id) ?? [])));
    });
  }

  async #listNear(
    scope: TenantScope,
    filter: ConversationFilter,
    order: ConversationOrder,
    limit: number,
    offset: number,
  ) {
    const [items, totalCount] = await this.transactions.readTogether(scope, (reads) =>
      Promise.all([
        this.conversations.listPageIn(scope, reads, filter, order, { limit, offset }),
        this.#countIn(scope, reads, filter),
      ]),
    );
    return { items, totalCount };
  }

  /** In one snapshot, because a page that is found from the end of the list needs the total of that very moment. */
  #listDeep(
    scope: TenantScope,
    filter: ConversationFilter,
    order: ConversationOrder,
    limit: number,
    offset: number,
  ) {
    return this.transactions.run(scope, async (transaction) => {
      const totalCount = await this.#countIn(scope, transaction, filter);
      const window = { limit, offset, total: totalCount };
      return {
        items: await this.conversations.listDeepIn(scope, transaction, filter, order, window),
        totalCount,
      };
    });
  }

  #countIn(scope: TenantScope, transaction: Transaction, filter: ConversationFilter): Promise<number> {
    return isCounted(filter)
      ? this.counts.totalIn(scope, transaction, filter)
      : this.conversations.countMatchingIn(scope, transaction, filter);
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
  async changeStatus(
    scope: TenantScope,
    id: string,
    status: RunStatus | undefined,
    expected: Expectation,
  ): Promise<Conversation> {
    if (status !== undefined) return this.#change(scope, id, { status }, expected);
    const conversation = await this.get(scope, id);
    assertAsExpected(conversation, expected);
    return conversation;
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

const positionOf = ([id = '', updatedTime = '']: readonly string[]): ConversationPosition => ({
  id,
  updatedTime: new Date(updatedTime),
});

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

/** Whether the counters know how many conversations a filter lets through. */
const isCounted = ({ agentId, statuses, ...others }: ConversationFilter): boolean =>
  Object.values<unknown>(others).every((value) => value === undefined);

const CONVERSATIONS_IN_SLICE = SLICE_BYTES / MAX_CONVERSATION_BYTES;

/** Whether a list has read all of a conversation. */
const isWhole = (listed: ListedConversation): listed is Conversation =>
  listed.inputs !== null && listed.extendProperties !== null;
