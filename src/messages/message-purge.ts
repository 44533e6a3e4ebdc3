import {
  type BeforeApplicationShutdown,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { now } from '../common/clock.js';
import { DeletedConversationsQueue } from '../conversations/deleted-conversations.queue.js';
import type { DeletedConversation } from '../conversations/deleted-conversation.entity.js';
import { DeletedConversationsRepository } from '../conversations/deleted-conversations.repository.js';
import { Transactions } from '../database/transactions.js';
import type { TenantScope } from '../tenancy/tenant-scope.js';
import { MessagesRepository } from './messages.repository.js';

const INTERVAL_MS = 1_000;
const MESSAGES_PER_STEP = 500;
/** How long a conversation stays with a replica that says nothing more: it may have died. */
const CLAIM_MS = 60_000;

/**
 * Removes the messages of deleted conversations in short transactions that hold no lock for long. Each step notes
 * how far it came, so that after a crash another replica goes on from there; a claim keeps it to one at a time.
 */
@Injectable()
export class MessagePurge implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #logger = new Logger(MessagePurge.name);
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #stopping = false;

  constructor(
    private readonly queue: DeletedConversationsQueue,
    private readonly deletedConversations: DeletedConversationsRepository,
    private readonly messages: MessagesRepository,
    private readonly transactions: Transactions,
  ) {}

  onApplicationBootstrap(): void {
    this.#timer = setTimeout(() => {
      this.#running = this.#purgeAll()
        .catch((error: unknown) => {
          this.#logger.warn({ err: error }, 'Removing deleted messages failed and is tried again.');
        })
        .finally(() => {
          if (!this.#stopping) this.onApplicationBootstrap();
        });
    }, INTERVAL_MS).unref();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  async #purgeAll(): Promise<void> {
    while (!this.#stopping) {
      const next = await this.queue.findUnclaimed(now());
      if (!next) return;
      await this.#purge(next.scope, next.conversation);
    }
  }

  async #purge(scope: TenantScope, conversation: DeletedConversation): Promise<void> {
    let current = conversation;
    while (!this.#stopping) {
      const advanced = await this.#step(scope, current);
      if (!advanced) return;
      current = advanced;
    }
  }

  /** Removes the next messages; null when all are removed, or another replica has taken over. */
  #step(scope: TenantScope, current: DeletedConversation): Promise<DeletedConversation | null> {
    const { id, messageCount, purgedSequence } = current;
    const next = {
      purgedSequence: Math.min(messageCount, purgedSequence + MESSAGES_PER_STEP),
      claimedUntil: new Date(now().getTime() + CLAIM_MS),
    };
    return this.transactions.run(async (transaction) => {
      if (!(await this.deletedConversations.advance(scope, transaction, current, next))) return null;
      await this.messages.removeRange(scope, transaction, id, purgedSequence + 1, next.purgedSequence);
      if (next.purgedSequence < messageCount) return { ...current, ...next };
      await this.deletedConversations.remove(scope, transaction, id);
      return null;
    });
  }
}
