import { DomainError } from '../common/errors/domain-error.js';

export class ConversationNotFound extends DomainError {
  constructor() {
    super('conversation_not_found', 'There is no such conversation.');
  }
}
