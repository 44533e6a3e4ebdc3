import { Injectable } from '@nestjs/common';
import { assertScope } from '../auth/insufficient-scope.js';
import { now } from '../common/clock.js';
import { ValidationFailed } from '../common/errors/domain-error.js';
import type { Conversation } from '../conversations/conversation.entity.js';
import { ConversationsService } from '../conversations/conversations.service.js';
import { conversationOf, forkOf, type NewConversation } from '../conversations/new-conversation.js';
import { laterOf } from '../database/schema/authorship.js';
import type { Transaction } from '../database/sql/transactions.js';
import type { TenantScope } from '../identity/tenant-scope.js';
import { createdTimeOf } from './append.js';
import { messageCreated } from './message-events.js';
import type { Message } from './message.entity.js';
import { MessagesRepository } from './messages.repository.js';
import { messageOf, type NewMessage } from './new-message.js';

/** How a conversation is forked; what is undefined is as in its source. */
export interface Fork {
  /** Undefined: with all messages. */
  upToSequence: number | undefined;
  topic: string | undefined;
  externalId: string | null;
}

const MAX_FORKED_MESSAGES = 2_000;
const MAX_FORKED_BYTES = 16 * 1024 * 1024;
/** Sizes are added up so many messages at a time: those that are too large are not all looked at. */
const MEASURED_TOGETHER = 100;

/** Conversations that begin with messages: created with their first ones, or forked from another conversation. */
@Injectable()
export class ConversationStartsService {
  constructor(
    private readonly conversations: ConversationsService,
    private readonly messages: MessagesRepository,
  ) {}

  /**
   * All or nothing. A conversation whose name is taken is ConversationExists, or where `returnsExisting` the one that
   * has it. Throws ValidationFailed where times of history go backwards.
   */
  create(
    scope: TenantScope,
    input: NewConversation,
    inputs: readonly NewMessage[],
    returnsExisting: boolean,
  ): Promise<Conversation> {
    if (input.createdTime || inputs.some(({ createdTime }) => createdTime))
      assertScope(scope.principal, 'conversations:import');
    const empty = conversationOf(scope, input);
    const first = firstMessages(
      scope,
      empty,
      inputs,
      input.createdTime ? now() : new Date(empty.createdTime),
    );
    const conversation = {
      ...empty,
      messageCount: first.length,
      updatedTime: laterOf(new Date(first.at(-1)?.createdTime ?? 0), empty.updatedTime).toISOString(),
    };
    return this.conversations.start(scope, {
      prepare: () => Promise.resolve(conversation),
      fill: async (transaction) => {
        await this.messages.append(scope, transaction, first);
        return first.map(messageCreated);
      },
      returnsExisting,
    });
  }

  /**
   * Copies a conversation with its messages up to a sequence. Throws ConversationNotFound, ConversationExists where the
   * name is taken, or ValidationFailed for a sequence that is not there or more than can be copied.
   */
  fork(scope: TenantScope, id: string, { upToSequence, ...given }: Fork): Promise<Conversation> {
    return this.conversations.start(scope, {
      prepare: async (transaction) => {
        const source = await this.conversations.getLocked(scope, transaction, id);
        const sequence = upToSequence ?? source.messageCount;
        if (sequence > source.messageCount) throw notForkable(`must not be above ${source.messageCount}`);
        await this.#assertForkable(scope, transaction, id, sequence);
        return forkOf(scope, source, sequence, given);
      },
      fill: async (transaction, fork) => {
        await this.messages.copy(scope, transaction, id, fork.messageCount, fork.id);
        const copies = await this.messages.listToldIn(scope, transaction, fork.id);
        return copies.map(messageCreated);
      },
      returnsExisting: false,
    });
  }

  async #assertForkable(
    scope: TenantScope,
    transaction: Transaction,
    id: string,
    upTo: number,
  ): Promise<void> {
    if (upTo > MAX_FORKED_MESSAGES) throw notForkable(`a fork has at most ${MAX_FORKED_MESSAGES} messages`);
    let bytes = 0;
    for (let from = 1; from <= upTo; from += MEASURED_TOGETHER) {
      const to = Math.min(upTo, from + MEASURED_TOGETHER - 1);
      bytes += await this.messages.sizeOfRangeIn(scope, transaction, id, from, to);
      if (bytes > MAX_FORKED_BYTES)
        throw notForkable(`a fork has at most ${MAX_FORKED_BYTES} bytes of text, parts and metadata`);
    }
  }
}

const notForkable = (detail: string): ValidationFailed =>
  new ValidationFailed([{ detail, pointer: '/up_to_sequence' }]);

function firstMessages(
  { principal }: TenantScope,
  conversation: Conversation,
  inputs: readonly NewMessage[],
  time: Date,
): Message[] {
  let before: Date | undefined;
  return inputs.map((input, index) => {
    const created = createdTimeOf(input, time, before);
    if (created instanceof ValidationFailed) throw created;
    before = created;
    return messageOf(conversation, principal, index + 1, input, created);
  });
}
