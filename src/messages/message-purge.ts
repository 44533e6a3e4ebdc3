import { Injectable } from '@nestjs/common';
import { now } from '../common/clock.js';
import { FileErasure } from '../jobs/file-erasure.js';
import { Job, type PeriodicWork } from '../jobs/job.js';
import type { DeletedConversation } from '../conversations/deleted-conversation.entity.js';
import { DeletedConversationsQueue } from '../conversations/deleted-conversations.queue.js';
import { DeletedConversationsRepository } from '../conversations/deleted-conversations.repository.js';
import { Transactions } from '../database/sql/transactions.js';
import type { TenantScope } from '../identity/tenant-scope.js';
import { MessagesRepository } from './messages.repository.js';

/** Of 1 MiB at most each: a cluster takes only so much in one transaction (MySQL by default 143 MiB). */
const MESSAGES_PER_STEP = 100;
/** How long a conversation stays with a replica that says nothing more: it may have died. */
const CLAIM_MS = 10_000;

/**
 * Removes the messages of deleted conversations in short transactions that hold no lock for long. Each step notes
 * how far it came, so that after a crash another replica goes on from there; a claim keeps it to one at a time.
 */
@Injectable()
@Job({ name: 'message-purge', everyMs: 1_000, replicas: 'all' })
export class MessagePurge implements PeriodicWork {
  constructor(
    private readonly queue: DeletedConversationsQueue,
    private readonly deletedConversations: DeletedConversationsRepository,
    private readonly messages: MessagesRepository,
    private readonly transactions: Transactions,
    private readonly erasure: FileErasure,
  ) {}

  async run(signal: AbortSignal): Promise<boolean> {
    const next = await this.queue.findUnclaimed(now());
    if (next) await this.#purge(next.scope, next.conversation, signal);
    return next !== null;
  }

  async #purge(scope: TenantScope, conversation: DeletedConversation, signal: AbortSignal): Promise<void> {
    let current: DeletedConversation | null = conversation;
    while (current !== null && !signal.aborted) current = await this.#step(scope, current);
    if (current !== null) await this.#giveBack(scope, current);
    this.erasure.request();
  }

  /** Lets another replica go on at once. */
  async #giveBack(scope: TenantScope, current: DeletedConversation): Promise<void> {
    const unclaimed = { purgedSequence: current.purgedSequence, claimedUntil: now() };
    await this.transactions.run(scope, (transaction) =>
      this.deletedConversations.advance(scope, transaction, current, unclaimed),
    );
  }

  /** Removes the next messages; null when all are removed, or another replica has taken over. */
  #step(scope: TenantScope, current: DeletedConversation): Promise<DeletedConversation | null> {
    const { id, messageCount, purgedSequence } = current;
    const next = {
      purgedSequence: Math.min(messageCount, purgedSequence + MESSAGES_PER_STEP),
      claimedUntil: new Date(now().getTime() + CLAIM_MS),
    };
    return this.transactions.run(scope, async (transaction) => {
      if (!(await this.deletedConversations.advance(scope, transaction, current, next))) return null;
      await this.messages.removeRange(scope, transaction, id, purgedSequence + 1, next.purgedSequence);
      if (next.purgedSequence < messageCount) return { ...current, ...next };
      await this.deletedConversations.remove(scope, transaction, id);
      return null;
    });
  }
}
