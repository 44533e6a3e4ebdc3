import { Injectable } from '@nestjs/common';
import { assertScope } from '../auth/insufficient-scope.js';
import { now } from '../common/clock.js';
import { Unavailable } from '../common/errors/domain-error.js';
import type { WrittenJson } from '../common/json/json-text.js';
import { assertExpected, type ExpectedVersions } from '../common/versions.js';
import type { Page } from '../common/pagination/page.js';
import type { ConversationHead } from '../conversations/conversation-head.js';
import { ConversationNotFound } from '../conversations/conversation.errors.js';
import { ConversationsService } from '../conversations/conversations.service.js';
import { WriteEffects } from '../conversations/write-effects.js';
import { withChange } from '../database/schema/authorship.js';
import { LargeReads, SLICE_BYTES } from '../database/sql/large-reads.js';
import { lockedChange } from '../database/sql/locked-change.js';
import { Transactions } from '../database/sql/transactions.js';
import { type Done, IdempotencyService } from '../idempotency/idempotency.service.js';
import { FileErasure } from '../jobs/file-erasure.js';
import type { TenantScope } from '../identity/tenant-scope.js';
import type { AppendConditions } from './append.js';
import { MessageAppender } from './message-appender.js';
import { messageChange, messageChanged } from './message-events.js';
import type { Message, Omissible, ReadMessage } from './message.entity.js';
import { MessageNotFound, MessageRedacted } from './message.errors.js';
import { bytesOf, MessagesRepository, type SequenceRange } from './messages.repository.js';
import { flagOf, type NewMessage } from './new-message.js';

export interface MessagePageRequest {
  order: 'oldest' | 'recent';
  pageSize: number;
  /** Only the message of this name. */
  externalId?: string | undefined;
  omitted?: readonly Omissible[];
  /** Where to start: a page number, or next to known messages (both exclusive). */
  from: { pageNumber: number } | { afterSequence: number | undefined; beforeSequence: number | undefined };
}

/** A page whose messages are too large to be held at once has them in slices. */
export interface MessagePage extends Omit<Page<ReadMessage>, 'items'> {
  readonly items: readonly ReadMessage[] | AsyncIterable<readonly ReadMessage[]>;
}

interface Annotation {
  feedback?: string | null | undefined;
  metadata?: WrittenJson | undefined;
  hidden?: boolean | undefined;
}

/** What redaction leaves of what was said. */
const EMPTY = { content: '', parts: null, metadata: '{}', feedback: null };

@Injectable()
export class MessagesService {
  constructor(
    private readonly appender: MessageAppender,
    private readonly messages: MessagesRepository,
    private readonly conversations: ConversationsService,
    private readonly transactions: Transactions,
    private readonly idempotency: IdempotencyService,
    private readonly effects: WriteEffects,
    private readonly erasure: FileErasure,
    private readonly largeReads: LargeReads,
  ) {}

  /**
   * Appends messages behind the last one, all or none, in this order. Throws ConversationNotFound, MessageExists,
   * SequenceConflict, or ValidationFailed where times of history go backwards.
   */
  async append(
    scope: TenantScope,
    conversationId: string,
    inputs: readonly NewMessage[],
    conditions: AppendConditions,
  ): Promise<readonly Message[]> {
    if (inputs.some(({ createdTime }) => createdTime)) assertScope(scope.principal, 'conversations:import');
    return this.idempotency.once(
      scope,
      () => this.appender.append({ scope, conversationId, inputs, ...conditions }),
      (done) => this.#getAll(scope, done),
    );
  }

  /** Throws ConversationNotFound or MessageNotFound. */
  async get(scope: TenantScope, conversationId: string, id: string): Promise<Message> {
    const [, message] = await this.transactions.readTogether(scope, (reads) =>
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
    again = true,
  ): Promise<MessagePage> {
    const { externalId, omitted, pageSize } = request;
    if (externalId !== undefined) return this.#listNamed(scope, conversationId, externalId, request);
    const small = { count: pageSize, maxBytes: SLICE_BYTES, ...(omitted && { omitted }) };
    const [head, messages] = await this.transactions.readTogether(scope, (reads) => {
      const conversation = this.conversations.getHeadIn(scope, reads, conversationId);
      const listUpTo = (end: number) =>
        this.messages.listSmallRangeIn(scope, reads, conversationId, rangeOf(request, end), small);
      // Counted from its beginning, a page is found without knowing where the conversation ends.
      const page =
        request.order === 'oldest'
          ? listUpTo(Number.MAX_SAFE_INTEGER)
          : conversation.then((found) => listUpTo(found.messageCount));
      return Promise.all([conversation, page]);
    });
    const { messageCount, largestMessage } = head;
    const range = rangeOf(request, messageCount);
    const { from, to, lowest, highest, descending } = range;
    const isLarge = largestMessage === null || largestMessage * pageSize > SLICE_BYTES;
    if (messages.length === 0 && from <= to && !isLarge) {
      // Something large was appended between the two statements.
      if (again) return this.list(scope, conversationId, request, false);
      throw new Unavailable('Too much is appended to the conversation.');
    }
    return {
      // What was appended since the conversation was read is not counted either.
      items: isLarge
        ? this.#slices(scope, conversationId, range, largestMessage, omitted)
        : messages.filter(({ sequence }) => sequence <= messageCount),
      pageNumber: 'pageNumber' in request.from ? request.from.pageNumber : null,
      pageSize,
      totalCount: messageCount,
      hasNextPage: from <= to && (descending ? from > lowest : to < highest),
    };
  }

  /**
   * The messages of a range, as many at a time as are about a megabyte. Throws ConversationNotFound once it is deleted.
   */
  #slices(
    scope: TenantScope,
    conversationId: string,
    { from, to, descending }: SequenceRange,
    largest: number | null,
    omitted: readonly Omissible[] | undefined,
  ): AsyncIterable<readonly ReadMessage[]> {
    let next = descending ? to : from;
    let size = Math.max(1, Math.floor(SLICE_BYTES / (largest ?? SLICE_BYTES)));
    return this.largeReads.slices(scope, async () => {
      const count = Math.min(size, descending ? next - from + 1 : to - next + 1);
      if (count <= 0) return undefined;
      const range = descending
        ? { from: next - count + 1, to: next, descending }
        : { from: next, to: next + count - 1, descending };
      const slice = await this.transactions.readTogether(scope, (reads) =>
        this.messages.listRangeIn(scope, reads, conversationId, range, omitted),
      );
      if (slice.length < count) throw new ConversationNotFound();
      next += descending ? -count : count;
      // Where nobody noted how large they are, the next ones are taken to be much like these.
      const bytes = slice.reduce((sum, message) => sum + bytesOf(message), 0);
      if (largest === null && 2 * bytes < SLICE_BYTES) size *= 2;
      return slice;
    });
  }

  /** The page of at most one message, which is the first. */
  async #listNamed(
    scope: TenantScope,
    conversationId: string,
    name: string,
    { pageSize, from, omitted = [] }: MessagePageRequest,
  ): Promise<Page<ReadMessage>> {
    const [, named] = await this.transactions.readTogether(scope, (reads) =>
      Promise.all([
        this.conversations.getHeadIn(scope, reads, conversationId),
        this.messages.listByNamesIn(scope, reads, conversationId, [name], omitted),
      ]),
    );
    if ('pageNumber' in from) {
      const items = from.pageNumber === 1 ? named : [];
      return { items, pageNumber: from.pageNumber, pageSize, totalCount: named.length, hasNextPage: false };
    }
    const { afterSequence = 0, beforeSequence = Infinity } = from;
    const items = named.filter(({ sequence }) => sequence > afterSequence && sequence < beforeSequence);
    return { items, pageNumber: null, pageSize, totalCount: named.length, hasNextPage: false };
  }

  /**
   * Sets feedback and hidden, and replaces metadata, as far as they are given. Throws ConversationNotFound, MessageNotFound, or
   * MessageRedacted, or PreconditionFailed unless the message's version is expected.
   */
  annotate(
    scope: TenantScope,
    conversationId: string,
    id: string,
    annotation: Annotation,
    versions: ExpectedVersions,
  ): Promise<Message> {
    const { feedback, metadata, hidden } = annotation;
    const change = {
      feedback,
      metadata: metadata?.text,
      hidden: hidden === undefined ? undefined : flagOf(hidden),
    };
    return this.#change(scope, conversationId, id, (message) => {
      assertExpected(versions, message.version);
      if (message.redactedTime !== null) throw new MessageRedacted();
      return withChange(message, change, scope.principal, now());
    });
  }

  /**
   * Empties a message in its place, for good; a second time changes nothing. Throws ConversationNotFound,
   * MessageNotFound, or PreconditionFailed unless the message's version is expected.
   */
  async redact(
    scope: TenantScope,
    conversationId: string,
    id: string,
    versions: ExpectedVersions,
  ): Promise<Message> {
    const message = await this.#change(scope, conversationId, id, (current) => {
      assertExpected(versions, current.version);
      if (current.redactedTime !== null) return current;
      const time = now();
      const redacted = { ...EMPTY, redactedTime: time.toISOString() };
      return withChange(current, redacted, scope.principal, time);
    });
    this.erasure.request();
    return message;
  }

  #change(
    scope: TenantScope,
    conversationId: string,
    id: string,
    change: (message: Message) => Message,
  ): Promise<Message> {
    let conversation: ConversationHead;
    const locked = lockedChange<Message>({
      lock: async (transaction) => {
        const message = await this.messages.findLocked(scope, transaction, conversationId, id);
        // Looked up last: events of a message stand in the order of its lock.
        conversation = await this.conversations.getHeadIn(scope, transaction, conversationId);
        if (!message) throw new MessageNotFound();
        return message;
      },
      change,
      write: async (transaction, before, after) => {
        await this.messages.change(scope, transaction, before, after);
        await this.effects.leave(transaction, messageChange(after, conversation), [
          {
            scope,
            isNew: false,
            id: conversationId,
            sequences: [after.sequence],
            events: messageChanged(before, after),
          },
        ]);
      },
    });
    return this.idempotency.run(scope, locked, async (done) => only(await this.#getAll(scope, done)));
  }

  /** The messages that a write was about, as they are now and in the order of its answer. */
  async #getAll(scope: TenantScope, { id, sequences = [] }: Done): Promise<readonly Message[]> {
    const [, found] = await this.transactions.readTogether(scope, (reads) =>
      Promise.all([
        this.conversations.getHeadIn(scope, reads, id),
        this.messages.listBySequencesIn(scope, reads, id, sequences),
      ]),
    );
    const places = new Map(sequences.map((sequence, index) => [sequence, index]));
    const placeOf = ({ sequence }: Message) => places.get(sequence) ?? 0;
    return found.sort((a, b) => placeOf(a) - placeOf(b));
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

function only([message]: readonly Message[]): Message {
  if (!message) throw new MessageNotFound();
  return message;
}
