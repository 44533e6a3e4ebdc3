import { Injectable } from '@nestjs/common';
import { now } from '../common/clock.js';
import { newId, timeOfId } from '../common/ids.js';
import { decodeCursor, encodeCursor } from '../common/pagination/cursor.js';
import type { Page } from '../common/pagination/page.js';
import { authoredBy } from '../database/authorship.js';
import { type Transaction, Transactions } from '../database/transactions.js';
import type { TenantScope } from '../tenancy/tenant-scope.js';
import type { ConversationFilter, ConversationOrder } from './conversation-list.js';
import { Conversation } from './conversation.entity.js';
import { ConversationNotFound } from './conversation.errors.js';
import { type ConversationPosition, ConversationsRepository } from './conversations.repository.js';
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

  async create(scope: TenantScope, input: NewConversation): Promise<Conversation> {
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
    await this.transactions.run((transaction) => this.conversations.create(scope, transaction, conversation));
    return conversation;
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

  /** Throws ConversationNotFound. */
  changeTopic(scope: TenantScope, id: string, topic: string): Promise<Conversation> {
    return this.transactions.run(async (transaction) => {
      await this.conversations.changeTopic(scope, transaction, id, topic, now());
      return this.getIn(scope, transaction, id);
    });
  }

  /** Undefined changes nothing. Throws ConversationNotFound. */
  changeStatus(scope: TenantScope, id: string, status: RunStatus | undefined): Promise<Conversation> {
    if (status === undefined) return this.get(scope, id);
    return this.transactions.run(async (transaction) => {
      await this.conversations.changeStatus(scope, transaction, id, status, now());
      return this.getIn(scope, transaction, id);
    });
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
   * removed soon after (see `messages/message-purge.ts`). Throws ConversationNotFound.
   */
  async delete(scope: TenantScope, id: string): Promise<void> {
    await this.transactions.run(async (transaction) => {
      if (!(await this.conversations.lock(scope, transaction, id))) throw new ConversationNotFound();
      const { tenantUnitId, messageCount } = await this.getIn(scope, transaction, id);
      await this.conversations.remove(scope, transaction, id);
      await this.deletedConversations.add(scope, transaction, { id, tenantUnitId, messageCount });
    });
  }

  private async getIn(scope: TenantScope, transaction: Transaction, id: string): Promise<Conversation> {
    const conversation = await this.conversations.findByIdIn(scope, transaction, id);
    if (!conversation) throw new ConversationNotFound();
    return conversation;
  }
}

const positionOf = ([id = '', updatedTime = '']: readonly string[]): ConversationPosition => ({
  id,
  updatedTime: new Date(updatedTime),
});
