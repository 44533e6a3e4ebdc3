import { DomainError } from '../common/errors/domain-error.js';

export class WebhookNotFound extends DomainError {
  constructor() {
    super('webhook_not_found', 'There is no such webhook.');
  }
}

export class WebhookDisabled extends DomainError {
  constructor() {
    super('webhook_disabled', 'The webhook is disabled: enable it first.');
  }
}
