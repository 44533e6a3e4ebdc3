import { Inject, Injectable } from '@nestjs/common';
import { APP_CONFIG, type AppConfig } from '../config/app-config.js';
import { Turns } from '../common/turns.js';
import type { ConversationFilter } from '../conversations/conversation-list.js';
import type { Conversation } from '../conversations/conversation.entity.js';
import { ConversationListsService } from '../conversations/conversation-lists.service.js';
import { Transactions } from '../database/sql/transactions.js';
import { EpochsRepository } from '../events/epochs.repository.js';
import { eventIdOf } from '../events/event-id.js';
import { FeedsRepository } from '../events/feeds.repository.js';
import type { TenantScope } from '../identity/tenant-scope.js';
import type { ReadMessage } from '../messages/message.entity.js';
import { MessagesService } from '../messages/messages.service.js';

interface ExportRequest {
  filter: ConversationFilter;
  /** The id of the conversation behind which to begin. */
  after: string | undefined;
}

/** A conversation, with its messages as they are read; these end early when it is deleted meanwhile. */
export interface ExportedConversation {
  conversation: Conversation;
  messages: AsyncIterable<ReadMessage>;
}

const CONVERSATIONS_AT_A_TIME = 100;
/** Fewer where they are large: then they come in slices. */
const MESSAGES_AT_A_TIME = 200;

@Injectable()
export class ExportsService {
  /** Each holds about a megabyte for as long as its client takes. */
  readonly #underWay = new Turns({
    capacity: 50,
    maxWaiting: 50,
    maxWaitMs: 10_000,
    detail: 'Too many exports are under way.',
  });

  constructor(
    private readonly conversations: ConversationListsService,
    private readonly messages: MessagesService,
    private readonly epochs: EpochsRepository,
    private readonly feeds: FeedsRepository,
    private readonly transactions: Transactions,
    @Inject(APP_CONFIG) private readonly config: AppConfig,
  ) {}

  /** The event behind which the feed goes on from an export that begins now; null where there is none. */
  async latestEvent(scope: TenantScope): Promise<string | null> {
    if (this.config.events.mode === 'off') return null;
    return this.transactions.readTogether(scope, async (reads) => {
      const [epoch, feeds] = await Promise.all([
        this.epochs.currentIn(reads),
        this.feeds.listIn(scope, reads),
      ]);
      const position = feeds.find((feed) => feed.epoch === epoch)?.lastPosition ?? 0;
      return epoch === null ? null : eventIdOf({ epoch, position });
    });
  }

  /** Oldest first, each as it is when it is reached; read no faster than it is taken. */
  async *conversationsOf(
    scope: TenantScope,
    { filter, after = '' }: ExportRequest,
  ): AsyncGenerator<ExportedConversation> {
    const leave = await this.#underWay.take(scope.tenantId);
    try {
      for (let behind: string | undefined = after; behind !== undefined;) {
        const found = await this.conversations.listBehind(scope, filter, behind, CONVERSATIONS_AT_A_TIME);
        for await (const slice of found.conversations)
          for (const conversation of slice)
            yield { conversation, messages: this.#messagesOf(scope, conversation) };
        behind = found.last;
      }
    } finally {
      leave();
    }
  }

  /** Up to the last that the conversation counts. Throws ConversationNotFound once it is deleted. */
  async *#messagesOf(scope: TenantScope, { id, messageCount }: Conversation): AsyncGenerator<ReadMessage> {
    for (let sequence = 0; sequence < messageCount; sequence += MESSAGES_AT_A_TIME) {
      const { items } = await this.messages.list(scope, id, {
        order: 'oldest',
        pageSize: MESSAGES_AT_A_TIME,
        from: { afterSequence: sequence, beforeSequence: messageCount + 1 },
      });
      if (Symbol.asyncIterator in items) for await (const slice of items) yield* slice;
      else yield* items;
    }
  }
}
