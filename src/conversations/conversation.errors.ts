import { DomainError } from '../common/errors/domain-error.js';
import { conversationPath } from './conversation-path.js';
import type { RunStatus } from './run-status.js';

export class ConversationNotFound extends DomainError {
  constructor() {
    super('conversation_not_found', 'There is no such conversation.');
  }
}

export class ConversationExists extends DomainError {
  constructor({ id }: { id: string }) {
    super('conversation_exists', 'There is a conversation with this external_id.', {
      location: conversationPath(id),
    });
  }
}

export class StatusConflict extends DomainError {
  constructor(currentStatus: RunStatus) {
    super('status_conflict', 'The conversation does not have the expected status.', {
      members: { current_status: currentStatus },
    });
  }
}
