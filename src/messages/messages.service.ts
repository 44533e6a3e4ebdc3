import { Injectable } from '@nestjs/common';
import { now } from '../common/clock.js';
import { newMessageId } from '../common/ids.js';
import type { Page } from '../common/pagination/page.js';
import { ConversationsService } from '../conversations/conversations.service.js';
import { authoredBy } from '../database/authorship.js';
import { Transactions } from '../database/transactions.js';
import type { TenantScope } from '../tenancy/tenant-scope.js';
import type { Message, MessageSender } from './message.entity.js';
import { MessageNotFound } from './message.errors.js';
import { MessagesRepository } from './messages.repository.js';

/** A message to append; what is undefined is taken from the conversation, or is now. */
export interface NewMessage {
  messageFrom: MessageSender;
  content: string;
  runId: string | null;
  agentId: string | undefined;
  userId: string | undefined;
  requestedTime: Date | undefined;
  inputTokens: number;
  answerTokens: number;
  totalTokens: number;
  feedback: string | null;
  metadata: object;
}

export interface MessagePageRequest {
  order: 'oldest' | 'recent';
  pageSize: number;
  /** Where to start: a page number, or next to known messages (both exclusive). */
  from: { pageNumber: number } | { afterSequence: number | undefined; beforeSequence: number | undefined };
}

@Injectable()
export class MessagesService {
  constructor(
    private readonly messages: MessagesRepository,
    private readonly conversations: ConversationsService,
    private readonly transactions: Transactions,
  ) {}

  /** Appends messages behind the last one, all or none, in this order. Throws ConversationNotFound. */
  append(scope: TenantScope, conversationId: string, inputs: readonly NewMessage[]): Promise<Message[]> {
    return this.transactions.run(async (transaction) => {
      const conversation = await this.conversations.reserveSequences(
        scope,
        transaction,
        conversationId,
        inputs.length,
      );
      const time = now();
      const first = conversation.messageCount - inputs.length + 1;
      const messages = inputs.map((input, index): Message => ({
        ...input,
        tenantId: scope.tenantId,
        tenantUnitId: conversation.tenantUnitId,
        conversationId,
        sequence: first + index,
        id: newMessageId(time, first + index),
        agentId: input.agentId ?? conversation.agentId,
        userId: input.userId ?? conversation.userId,
        requestedTime: input.requestedTime ?? time,
        metadata: JSON.stringify(input.metadata),
        version: 1,
        ...authoredBy(scope.principal, time),
      }));
      await this.messages.append(scope, transaction, messages);
      return messages;
    });
  }

  /** Appends one message. Throws ConversationNotFound. */
  async appendOne(scope: TenantScope, conversationId: string, input: NewMessage): Promise<Message> {
    const [message] = await this.append(scope, conversationId, [input]);
    if (!message) throw new Error('An append returned no message.');
    return message;
  }

  /** Throws ConversationNotFound or MessageNotFound. */
  async get(scope: TenantScope, conversationId: string, id: string): Promise<Message> {
    await this.conversations.get(scope, conversationId);
    const message = await this.messages.findById(scope, conversationId, id);
    if (!message) throw new MessageNotFound();
    return message;
  }

  /**
   * A page of a conversation. Sequences have no gap and end at `message_count`, so that every page is a range of
   * them and nothing is counted. Throws ConversationNotFound.
   */
  async list(
    scope: TenantScope,
    conversationId: string,
    request: MessagePageRequest,
  ): Promise<Page<Message>> {
    const { messageCount } = await this.conversations.get(scope, conversationId);
    const { order, pageSize, from } = request;
    const numbered = 'pageNumber' in from;
    const skipped = numbered ? (from.pageNumber - 1) * pageSize : 0;
    const lowest = numbered ? 1 : (from.afterSequence ?? 0) + 1;
    const highest = numbered ? messageCount : Math.min(messageCount, (from.beforeSequence ?? Infinity) - 1);
    const range =
      order === 'oldest'
        ? {
            from: lowest + skipped,
            to: Math.min(highest, lowest + skipped + pageSize - 1),
            descending: false,
          }
        : {
            from: Math.max(lowest, highest - skipped - pageSize + 1),
            to: highest - skipped,
            descending: true,
          };
    const isEmpty = range.from > range.to;
    return {
      items: isEmpty ? [] : await this.messages.listRange(scope, conversationId, range),
      pageNumber: numbered ? from.pageNumber : null,
      pageSize,
      totalCount: messageCount,
      hasNextPage: !isEmpty && (order === 'oldest' ? range.to < highest : range.from > lowest),
    };
  }

  /** Sets feedback and replaces metadata, as far as they are given. Throws ConversationNotFound or MessageNotFound. */
  async annotate(
    scope: TenantScope,
    conversationId: string,
    id: string,
    { feedback, metadata }: { feedback?: string | null | undefined; metadata?: object | undefined },
  ): Promise<Message> {
    const message = await this.get(scope, conversationId, id);
    const change = {
      ...(feedback !== undefined && feedback !== message.feedback && { feedback }),
      ...(metadata !== undefined &&
        JSON.stringify(metadata) !== message.metadata && { metadata: JSON.stringify(metadata) }),
    };
    if (Object.keys(change).length === 0) return message;
    return this.transactions.run(async (transaction) => {
      await this.messages.annotate(scope, transaction, conversationId, id, change, now());
      const changed = await this.messages.findByIdIn(scope, transaction, conversationId, id);
      if (!changed) throw new MessageNotFound();
      return changed;
    });
  }
}
