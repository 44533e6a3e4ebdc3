import { DomainError } from '../common/errors/domain-error.js';
import type { RunStatus } from './run-status.js';

export class ConversationNotFound extends DomainError {
  constructor() {
    super('conversation_not_found', 'There is no such conversation.');
  }
}

export class StatusConflict extends DomainError {
  constructor(currentStatus: RunStatus) {
    super('status_conflict', 'The conversation does not have the expected status.', {
      members: { current_status: currentStatus },
    });
  }
}
