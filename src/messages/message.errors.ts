import { DomainError } from '../common/errors/domain-error.js';

export class MessageNotFound extends DomainError {
  constructor() {
    super('message_not_found', 'The conversation has no such message.');
  }
}
