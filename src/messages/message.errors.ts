import { DomainError } from '../common/errors/domain-error.js';
import type { Message } from './message.entity.js';
import { messagePath } from './message-path.js';

export class MessageNotFound extends DomainError {
  constructor() {
    super('message_not_found', 'The conversation has no such message.');
  }
}

export class MessageExists extends DomainError {
  constructor({ conversationId, id }: Pick<Message, 'conversationId' | 'id'>) {
    super('message_exists', 'The conversation has a message with this external_id.', {
      location: messagePath(conversationId, id),
    });
  }
}

export class MessageRedacted extends DomainError {
  constructor() {
    super('message_redacted', 'The message is redacted, which is final.');
  }
}

export class SequenceConflict extends DomainError {
  constructor(lastSequence: number) {
    super('sequence_conflict', 'The last message of the conversation is another one than expected.', {
      members: { last_sequence: lastSequence },
    });
  }
}
