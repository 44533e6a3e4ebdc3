import { isDeepStrictEqual } from 'node:util';
import { Injectable } from '@nestjs/common';
import { now } from '../common/clock.js';
import { assertExpected, type ExpectedVersions } from '../common/versions.js';
import type { Page } from '../common/pagination/page.js';
import { ConversationsService } from '../conversations/conversations.service.js';
import { asChangedBy } from '../database/schema/authorship.js';
import { OutcomeUnknown, Transactions } from '../database/sql/transactions.js';
import type { Completion } from '../idempotency/once-only.js';
import type { TenantScope } from '../identity/tenant-scope.js';
import { MessageAppender, type NewMessage } from './message-appender.js';
import type { Message } from './message.entity.js';
import { MessageNotFound } from './message.errors.js';
import { MessagesRepository } from './messages.repository.js';

export interface MessagePageRequest {
  order: 'oldest' | 'recent';
  pageSize: number;
  /** Where to start: a page number, or next to known messages (both exclusive). */
  from: { pageNumber: number } | { afterSequence: number | undefined; beforeSequence: number | undefined };
}

interface Annotation {
  feedback?: string | null | undefined;
  metadata?: object | undefined;
}

@Injectable()
export class MessagesService {
  constructor(
    private readonly appender: MessageAppender,
    private readonly messages: MessagesRepository,
    private readonly conversations: ConversationsService,
    private readonly transactions: Transactions,
  ) {}

  /** Appends messages behind the last one, all or none, in this order. Throws ConversationNotFound. */
  async append<Answer>(
    scope: TenantScope,
    conversationId: string,
    inputs: readonly NewMessage[],
    complete: Completion<readonly Message[], Answer>,
  ): Promise<Answer> {
    const answers: Answer[] = [];
    await this.appender.append({
      scope,
      conversationId,
      inputs,
      complete: async (transaction, messages, isStored) => {
        answers.push(await complete(scope, transaction, messages, isStored));
      },
    });
    // Each run of the transaction gives one, and the last run is the one that was committed.
    const answer = answers.at(-1);
    if (answer === undefined) throw new Error('An append was committed without an answer.');
    return answer;
  }

  /** Throws ConversationNotFound or MessageNotFound. */
  async get(scope: TenantScope, conversationId: string, id: string): Promise<Message> {
    const [, message] = await this.transactions.readTogether((reads) =>
      Promise.all([
        this.conversations.getHeadIn(scope, reads, conversationId),
        this.messages.findByIdIn(scope, reads, conversationId, id),
      ]),
    );
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
    const [{ messageCount }, messages] = await this.transactions.readTogether((reads) => {
      const conversation = this.conversations.getHeadIn(scope, reads, conversationId);
      const listUpTo = (end: number) =>
        this.messages.listRangeIn(scope, reads, conversationId, rangeOf(request, end));
      // Counted from its beginning, a page is found without knowing where the conversation ends.
      const page =
        request.order === 'oldest'
          ? listUpTo(Number.MAX_SAFE_INTEGER)
          : conversation.then((found) => listUpTo(found.messageCount));
      return Promise.all([conversation, page]);
    });
    const { from, to, lowest, highest, descending } = rangeOf(request, messageCount);
    return {
      // What was appended since the conversation was read is not counted either.
      items: messages.filter(({ sequence }) => sequence <= messageCount),
      pageNumber: 'pageNumber' in request.from ? request.from.pageNumber : null,
      pageSize: request.pageSize,
      totalCount: messageCount,
      hasNextPage: from <= to && (descending ? from > lowest : to < highest),
    };
  }

  /**
   * Sets feedback and replaces metadata, as far as they are given. Throws ConversationNotFound, MessageNotFound, or
   * PreconditionFailed unless the message's version is expected.
   */
  annotate(
    scope: TenantScope,
    conversationId: string,
    id: string,
    annotation: Annotation,
    versions: ExpectedVersions,
  ): Promise<Message> {
    let written: Message | undefined;
    return this.transactions.run(async (transaction, inDoubt) => {
      await this.conversations.getHeadIn(scope, transaction, conversationId);
      const message = await this.messages.findLocked(scope, transaction, conversationId, id);
      if (!message) throw new MessageNotFound();
      if (inDoubt && isDeepStrictEqual({ ...message }, written)) return message;
      if (inDoubt && written && message.version > written.version) throw new OutcomeUnknown();
      assertExpected(versions, message.version);
      const change = changeOf(message, annotation);
      if (Object.keys(change).length === 0) return message;
      const time = now();
      await this.messages.annotate(scope, transaction, message, change, time);
      written = asChangedBy({ ...message, ...change }, scope.principal, time);
      return written;
    });
  }
}

/** The sequences of a page, and of all that its bounds let through, in a conversation that ends at `end`. */
function rangeOf({ order, pageSize, from }: MessagePageRequest, end: number) {
  const numbered = 'pageNumber' in from;
  const skipped = numbered ? (from.pageNumber - 1) * pageSize : 0;
  const lowest = numbered ? 1 : (from.afterSequence ?? 0) + 1;
  const highest = numbered ? end : Math.min(end, (from.beforeSequence ?? Infinity) - 1);
  const first = lowest + skipped;
  const last = highest - skipped;
  return order === 'oldest'
    ? { lowest, highest, from: first, to: Math.min(highest, first + pageSize - 1), descending: false }
    : { lowest, highest, from: Math.max(lowest, last - pageSize + 1), to: last, descending: true };
}

/** What of an annotation is another value than the message has. */
function changeOf(
  message: Message,
  { feedback, metadata }: Annotation,
): Partial<Pick<Message, 'feedback' | 'metadata'>> {
  const text = metadata && JSON.stringify(metadata);
  return {
    ...(feedback !== undefined && feedback !== message.feedback && { feedback }),
    ...(text !== undefined && text !== message.metadata && { metadata: text }),
  };
}
