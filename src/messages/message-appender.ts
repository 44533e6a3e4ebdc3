import { Injectable } from '@nestjs/common';
import { Unavailable } from '../common/errors/domain-error.js';
import { GroupCommit } from '../common/group-commit.js';
import { newMessageId } from './new-message-id.js';
import { ConversationNotFound } from '../conversations/conversation.errors.js';
import type { ConversationHead } from '../conversations/conversation-head.js';
import { ConversationsService } from '../conversations/conversations.service.js';
import { WriteEffects } from '../conversations/write-effects.js';
import { type Authored, authoredBy } from '../database/schema/authorship.js';
import { type Transaction, Transactions } from '../database/sql/transactions.js';
import type { TenantScope } from '../identity/tenant-scope.js';
import type { Message, MessageSender } from './message.entity.js';
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

/** Messages that one request appends. */
interface Append {
  scope: TenantScope;
  conversationId: string;
  inputs: readonly NewMessage[];
}

const GROUP_LIMITS = {
  maxItems: 200,
  maxSize: 1024 * 1024,
  maxWaiting: 2_000,
  maxWaitMs: 10_000,
  sizeOf: ({ inputs }: Append) => inputs.reduce((size, { content }) => size + content.length, 0),
};

/**
 * Appends messages behind the last one of a conversation. Appends to one conversation that arrive while another is
 * being written go together into the next transaction (group commit): the row's lock and the commit are paid once.
 */
@Injectable()
export class MessageAppender {
  readonly #groups = new GroupCommit<Append, readonly Message[]>(
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

  /** Resolves with the messages when they are committed, all or none, in this order. Throws ConversationNotFound. */
  append(append: Append): Promise<readonly Message[]> {
    const { scope, conversationId } = append;
    return this.#groups.submit(JSON.stringify([scope.tenantId, scope.tenantUnitId, conversationId]), append);
  }

  /** All of them go to one conversation, in scopes that see the same; who appends last is who changed it last. */
  async #write(appends: readonly Append[]): Promise<readonly (readonly Message[])[]> {
    const last = appends.at(-1);
    if (!last) return [];
    const { scope, conversationId: id } = last;
    const count = appends.reduce((sum, { inputs }) => sum + inputs.length, 0);
    let written: readonly Message[][] = [];
    return this.transactions.run(
      async (transaction) => {
        const conversation = await this.conversations.reserveSequences(scope, transaction, id, count);
        if (!conversation) throw new ConversationNotFound();
        const messages = messagesOf(appends, conversation, conversation.messageCount - count + 1);
        await this.messages.append(scope, transaction, messages.flat());
        await this.effects.leave(
          transaction,
          appends.map((append, index) => ({
            scope: append.scope,
            isNew: true,
            id,
            sequences: messages[index]?.map(({ sequence }) => sequence) ?? [],
          })),
        );
        return (written = messages);
      },
      {
        alreadyDone: async (transaction) =>
          (await this.#isThere(scope, transaction, written)) ? written : undefined,
      },
    );
  }

  /** Whether messages of an earlier run are there, looked up when no other writer can come in between. */
  async #isThere(
    scope: TenantScope,
    transaction: Transaction,
    [group = []]: readonly Message[][],
  ): Promise<boolean> {
    const [first] = group;
    if (!first) return false;
    await this.conversations.findLocked(scope, transaction, first.conversationId);
    return (await this.messages.findLocked(scope, transaction, first.conversationId, first.id)) !== null;
  }
}

/** The messages of each append, with sequences that follow each other from `sequence` on. */
function messagesOf(
  appends: readonly Append[],
  conversation: ConversationHead,
  sequence: number,
): Message[][] {
  let next = sequence;
  // The last message is the last activity of the conversation, to the millisecond.
  const time = new Date(conversation.updatedTime);
  return appends.map(({ scope, inputs }) => {
    const authorship = authoredBy(scope.principal, time);
    return inputs.map((input) => messageOf(authorship, conversation, next++, input));
  });
}

function messageOf(
  authorship: Authored,
  conversation: ConversationHead,
  sequence: number,
  input: NewMessage,
): Message {
  return {
    ...input,
    tenantId: conversation.tenantId,
    tenantUnitId: conversation.tenantUnitId,
    conversationId: conversation.id,
    sequence,
    id: newMessageId(new Date(conversation.updatedTime), sequence),
    agentId: input.agentId ?? conversation.agentId,
    userId: input.userId ?? conversation.userId,
    requestedTime: input.requestedTime?.toISOString() ?? conversation.updatedTime,
    metadata: JSON.stringify(input.metadata),
    version: 1,
    ...authorship,
  };
}
