import { DomainError } from '../common/errors/domain-error.js';
import type { AccessScope, Principal } from '../identity/principal.js';

class InsufficientScope extends DomainError {
  constructor(scope: AccessScope | undefined) {
    super('insufficient_scope', `The credential lacks the scope ${scope ?? 'of this operation'}.`);
  }
}

/** Throws InsufficientScope. */
export function assertScope({ scopes }: Principal, required: AccessScope | undefined): void {
  if (!required || !scopes.has(required)) throw new InsufficientScope(required);
}
