import { Injectable } from '@nestjs/common';
import { now } from '../common/clock.js';
import { Unavailable } from '../common/errors/domain-error.js';
import { GroupCommit } from '../common/group-commit.js';
import { ConversationNotFound } from '../conversations/conversation.errors.js';
import { changeOf } from '../conversations/conversation-events.js';
import type { ConversationHead } from '../conversations/conversation-head.js';
import { ConversationsService } from '../conversations/conversations.service.js';
import { WriteEffects } from '../conversations/write-effects.js';
import { laterOf } from '../database/schema/authorship.js';
import { type Transaction, Transactions } from '../database/sql/transactions.js';
import { type Append, decideAll, isConditional, isHistory, type Outcome } from './append.js';
import type { Message } from './message.entity.js';
import { messageCreated } from './message-events.js';
import { MessagesRepository } from './messages.repository.js';

const GROUP_LIMITS = {
  maxItems: 200,
  maxSize: 1024 * 1024,
  maxWaiting: 2_000,
  maxWaitMs: 10_000,
  sizeOf: ({ inputs }: Append) =>
    inputs.reduce((size, { content, parts }) => size + content.length + (parts?.length ?? 0), 0),
};

/**
 * Appends messages behind the last one of a conversation. Appends to one conversation that arrive while another is
 * being written go together into the next transaction (group commit): the row's lock and the commit are paid once.
 */
@Injectable()
export class MessageAppender {
  readonly #groups = new GroupCommit<Append, Outcome>(
    (appends) => this.#write(appends),
    (error) => error instanceof Unavailable || error instanceof ConversationNotFound,
    GROUP_LIMITS,
  );

  constructor(
    private readonly messages: MessagesRepository,
    private readonly conversations: ConversationsService,
    private readonly transactions: Transactions,
    private readonly effects: WriteEffects,
  ) {}

  /**
   * Resolves with the messages when they are committed, all or none, in this order. Throws ConversationNotFound,
   * MessageExists, SequenceConflict, or ValidationFailed where times of history go backwards.
   */
  async append(append: Append): Promise<readonly Message[]> {
    const { scope, conversationId } = append;
    // History brings the conversation's times along: it shares no transaction with what is said now.
    const key = [scope.tenantId, scope.tenantUnitId, conversationId, isHistory(append)];
    const outcome = await this.#groups.submit(JSON.stringify(key), append);
    if ('refusal' in outcome) throw outcome.refusal;
    return outcome.messages;
  }

  /** All of them go to one conversation, in scopes that see the same. */
  #write(appends: readonly Append[]): Promise<readonly Outcome[]> {
    const looksFirst = appends.some((append) => isConditional(append) || isHistory(append));
    let written: readonly Outcome[] = [];
    return this.transactions.run(
      lastOf(appends).scope,
      async (transaction) => {
        const { head, outcomes } = looksFirst
          ? await this.#lookAndStore(transaction, appends)
          : await this.#store(transaction, appends);
        written = outcomes;
        await this.effects.leave(transaction, changeOf(head), deedsOf(appends, outcomes));
        return outcomes;
      },
      {
        bytes: appends.reduce((sum, append) => sum + GROUP_LIMITS.sizeOf(append), 0),
        alreadyDone: async (transaction) =>
          (await this.#isThere(transaction, appends, written)) ? written : undefined,
      },
    );
  }

  /** Takes the sequences first: the row's lock is the queue of all writers, and nobody is refused. */
  async #store(transaction: Transaction, appends: readonly Append[]): Promise<Written> {
    const { scope, conversationId } = lastOf(appends);
    const count = appends.reduce((sum, { inputs }) => sum + inputs.length, 0);
    const head = await this.conversations.reserveSequences(scope, transaction, conversationId, count);
    if (!head) throw new ConversationNotFound();
    const before = { ...head, messageCount: head.messageCount - count };
    // The last message is the last activity of the conversation, to the millisecond.
    const outcomes = decideAll(appends, { head: before, time: new Date(head.updatedTime) });
    await this.messages.append(scope, transaction, outcomes.flatMap(storedOf));
    return { head, outcomes };
  }

  /** Decides behind the row's lock who stores what, and takes sequences for that. */
  async #lookAndStore(transaction: Transaction, appends: readonly Append[]): Promise<Written> {
    const { scope, conversationId } = lastOf(appends);
    const names = appends.flatMap(({ inputs }) => inputs.flatMap(({ externalId }) => externalId ?? []));
    const [head, named] = await Promise.all([
      this.conversations.findHeadLocked(scope, transaction, conversationId),
      this.messages.listByNamesIn(scope, transaction, conversationId, names),
    ]);
    if (!head) throw new ConversationNotFound();
    const lastTime = appends.some(isHistory)
      ? await this.messages.findCreatedTimeIn(scope, transaction, conversationId, head.messageCount)
      : undefined;
    const time = laterOf(now(), head.updatedTime);
    const outcomes = decideAll(appends, { head, time, named, lastTime });
    const stored = outcomes.flatMap(storedOf);
    const latest = stored.at(-1);
    if (!latest) return { head, outcomes };
    const writer = lastOf(appends.filter((_, index) => storedOf(outcomes[index]).length > 0));
    const after = await this.conversations.takeSequences(
      writer.scope,
      transaction,
      head,
      stored.length,
      new Date(latest.createdTime),
    );
    await this.messages.append(scope, transaction, stored);
    return { head: after, outcomes };
  }

  /** Whether messages of an earlier run are there, looked up when no other writer can come in between. */
  async #isThere(
    transaction: Transaction,
    appends: readonly Append[],
    written: readonly Outcome[],
  ): Promise<boolean> {
    const { scope, conversationId } = lastOf(appends);
    const [first] = written.flatMap(storedOf);
    if (!first) return false;
    await this.conversations.findLocked(scope, transaction, conversationId);
    return (await this.messages.findLocked(scope, transaction, conversationId, first.id)) !== null;
  }
}

/** What a group of appends wrote, and the conversation as it is then. */
interface Written {
  head: ConversationHead;
  outcomes: Outcome[];
}

const storedOf = (outcome: Outcome | undefined): readonly Message[] =>
  outcome && 'stored' in outcome ? outcome.stored : [];

function lastOf(appends: readonly Append[]): Append {
  const last = appends.at(-1);
  if (!last) throw new Error('A group of appends is never empty.');
  return last;
}

/** What those did that were not refused. */
const deedsOf = (appends: readonly Append[], outcomes: readonly Outcome[]) =>
  appends.flatMap(({ scope, conversationId }, index) => {
    const outcome = outcomes[index];
    if (!outcome || 'refusal' in outcome) return [];
    const sequences = outcome.messages.map(({ sequence }) => sequence);
    const events = outcome.stored.map(messageCreated);
    return [{ scope, isNew: outcome.stored.length > 0, id: conversationId, sequences, events }];
  });
