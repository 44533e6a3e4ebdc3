import { isDeepStrictEqual } from 'node:util';
import { Injectable } from '@nestjs/common';
import { now } from '../common/clock.js';
import { assertExpected, type ExpectedVersions } from '../common/http/precondition.js';
import { newId, timeOfId } from '../common/ids.js';
import { decodeCursor, encodeCursor } from '../common/pagination/cursor.js';
import type { Page } from '../common/pagination/page.js';
import { authoredBy } from '../database/authorship.js';
import { type Transaction, TransactionConflict, Transactions } from '../database/transactions.js';
import type { Completion } from '../idempotency/once-only.js';
import type { TenantScope } from '../tenancy/tenant-scope.js';
import type { ConversationFilter, ConversationOrder } from './conversation-list.js';
import { Conversation } from './conversation.entity.js';
import { ConversationNotFound, StatusConflict } from './conversation.errors.js';
import {
  type ConversationPosition,
  ConversationsRepository,
  type Expectation,
} from './conversations.repository.js';
import { DeletedConversationsRepository } from './deleted-conversations.repository.js';
import type { RunStatus } from './run-status.js';

/** What a new conversation is made of; `inputs` and `extendProperties` are JSON objects. */
export interface NewConversation {
  topic: string;
  status: RunStatus;
  agentId: string | null;
  agentMode: string | null;
  agentType: string | null;
  assignmentId: string | null;
  /** Undefined: the user behind the credential. */
  userId: string | undefined;
  invokeFrom: string | null;
  inputs: object;
  extendProperties: object;
}

export interface ConversationPageRequest {
  filter: ConversationFilter;
  order: ConversationOrder;
  pageSize: number;
  /** Where to start: a page number, or the cursor of the page before. */
  from: { pageNumber: number } | { cursor: string };
}

export interface ConversationPage extends Page<Conversation> {
  nextCursor: string | null;
}

@Injectable()
export class ConversationsService {
  constructor(
    private readonly conversations: ConversationsRepository,
    private readonly deletedConversations: DeletedConversationsRepository,
    private readonly transactions: Transactions,
  ) {}

  create<Answer>(
    scope: TenantScope,
    input: NewConversation,
    complete: Completion<Conversation, Answer>,
  ): Promise<Answer> {
    const id = newId();
    const conversation: Conversation = {
      ...input,
      id,
      tenantId: scope.tenantId,
      tenantUnitId: scope.tenantUnitId,
      userId: input.userId ?? scope.principal.userId,
      inputs: JSON.stringify(input.inputs),
      extendProperties: JSON.stringify(input.extendProperties),
      messageCount: 0,
      version: 1,
      ...authoredBy(scope.principal, timeOfId(id)),
    };
    return this.transactions.run(async (transaction, inDoubt) => {
      const created = await this.conversations.create(scope, transaction, conversation);
      if (!created && !inDoubt) throw new Error('An id was made twice.');
      return complete(scope, transaction, conversation);
    });
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
    const numbered = 'pageNumber' in from;
    const [found, totalCount] = await Promise.all([
      this.conversations.listPage(scope, filter, order, {
        limit: pageSize + 1,
        ...(numbered
          ? { offset: (from.pageNumber - 1) * pageSize }
          : { after: positionOf(decodeCursor(list, from.cursor)) }),
      }),
      numbered ? this.conversations.countMatching(scope, filter) : null,
    ]);
    const items = found.slice(0, pageSize);
    const last = items.at(-1);
    const hasNextPage = found.length > pageSize;
    return {
      items,
      pageNumber: numbered ? from.pageNumber : null,
      pageSize,
      totalCount,
      hasNextPage,
      nextCursor: hasNextPage && last ? encodeCursor(list, [last.id, last.updatedTime.toISOString()]) : null,
    };
  }

  /** Throws ConversationNotFound, or PreconditionFailed unless its version is expected. */
  changeTopic(
    scope: TenantScope,
    id: string,
    topic: string,
    versions: ExpectedVersions,
  ): Promise<Conversation> {
    return this.#change(scope, id, ['topic', topic], { versions });
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
    if (status !== undefined) return this.#change(scope, id, ['status', status], expected);
    const conversation = await this.get(scope, id);
    assertAsExpected(conversation, expected);
    return conversation;
  }

  /** Takes the next `count` sequences of a conversation and returns it as it then is. Throws ConversationNotFound. */
  async reserveSequences(
    scope: TenantScope,
    transaction: Transaction,
    id: string,
    count: number,
  ): Promise<Conversation> {
    if (!(await this.conversations.reserveSequences(scope, transaction, id, count, now())))
      throw new ConversationNotFound();
    return this.getIn(scope, transaction, id);
  }

  /**
   * The conversation is gone for everybody when this returns; its messages, which nothing can reach any more, are
   * removed soon after (see `messages/message-purge.ts`). Throws ConversationNotFound, or PreconditionFailed.
   */
  async delete(scope: TenantScope, id: string, versions: ExpectedVersions): Promise<void> {
    await this.transactions.run(async (transaction, inDoubt) => {
      const locked = await this.conversations.lock(scope, transaction, id, versions);
      const conversation = await this.conversations.findByIdIn(scope, transaction, id);
      if (!conversation && inDoubt) return;
      if (!conversation) throw new ConversationNotFound();
      if (!locked) throw notAsExpected(conversation, { versions });
      const { tenantUnitId, messageCount } = conversation;
      await this.conversations.remove(scope, transaction, id);
      await this.deletedConversations.add(scope, transaction, { id, tenantUnitId, messageCount });
    });
  }

  async #change(
    scope: TenantScope,
    id: string,
    change: Parameters<ConversationsRepository['change']>[3],
    expected: Expectation,
  ): Promise<Conversation> {
    let written: Conversation | undefined;
    return this.transactions.run(async (transaction, inDoubt) => {
      const changed = await this.conversations.change(scope, transaction, id, change, expected, now());
      const conversation = await this.getIn(scope, transaction, id);
      if (!changed) {
        if (inDoubt && written && isDeepStrictEqual(conversation, written)) return conversation;
        const [column, value] = change;
        if (conversation[column] !== value) throw notAsExpected(conversation, expected);
        assertAsExpected(conversation, expected);
      }
      written = conversation;
      return conversation;
    });
  }

  /** Holds a conversation against all other writers until the transaction ends. Throws ConversationNotFound. */
  async lock(scope: TenantScope, transaction: Transaction, id: string): Promise<void> {
    if (!(await this.conversations.lock(scope, transaction, id, undefined))) throw new ConversationNotFound();
  }

  /** As `get`, with what the transaction has changed. Throws ConversationNotFound. */
  async getIn(scope: TenantScope, transaction: Transaction, id: string): Promise<Conversation> {
    const conversation = await this.conversations.findByIdIn(scope, transaction, id);
    if (!conversation) throw new ConversationNotFound();
    return conversation;
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

/** Why a change was not made; when the row has become as expected since, the transaction has to be run again. */
function notAsExpected(conversation: Conversation, expected: Expectation): Error {
  assertAsExpected(conversation, expected);
  return new TransactionConflict();
}
