import { Injectable } from '@nestjs/common';
import { decodeCursor, encodeCursor } from '../common/pagination/cursor.js';
import type { Page } from '../common/pagination/page.js';
import { LargeReads, SLICE_BYTES } from '../database/sql/large-reads.js';
import { type Transaction, Transactions } from '../database/sql/transactions.js';
import type { TenantScope } from '../identity/tenant-scope.js';
import { ConversationCountsRepository } from './conversation-counts.repository.js';
import type { ConversationFilter, ConversationOrder } from './conversation-list.js';
import type { Conversation } from './conversation.entity.js';
import { ConversationsRepository, type ListedConversation } from './conversations.repository.js';
import type { ConversationPosition } from './conversations.sql.js';

export interface ConversationPageRequest {
  filter: ConversationFilter;
  order: ConversationOrder;
  pageSize: number;
  /** Where to start: a page number, or the cursor of the page before. */
  from: { pageNumber: number } | { cursor: string };
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
const CONVERSATIONS_IN_SLICE = SLICE_BYTES / MAX_CONVERSATION_BYTES;

/** From here on a page is looked for from the nearer end of its list. */
const DEEP_OFFSET = 1_000;

/** Lists of conversations, by pages and from one conversation on. */
@Injectable()
export class ConversationListsService {
  constructor(
    private readonly conversations: ConversationsRepository,
    private readonly counts: ConversationCountsRepository,
    private readonly transactions: Transactions,
    private readonly largeReads: LargeReads,
  ) {}

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
}

const positionOf = ([id = '', updatedTime = '']: readonly string[]): ConversationPosition => ({
  id,
  updatedTime: new Date(updatedTime),
});

/** Whether the counters know how many conversations a filter lets through. */
const isCounted = ({ agentId, statuses, ...others }: ConversationFilter): boolean =>
  Object.values<unknown>(others).every((value) => value === undefined);

/** Whether a list has read all of a conversation. */
const isWhole = (listed: ListedConversation): listed is Conversation =>
  listed.inputs !== null && listed.extendProperties !== null;
