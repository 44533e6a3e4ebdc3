import type { Principal } from '../identity/principal.js';

/** Knows one kind of credential. */
export interface CredentialVerifier {
  /**
   * The principal behind a credential; null when it is not of this kind or not valid. Throws only when it cannot
   * tell (Unavailable).
   */
  verify(credential: string): Promise<Principal | null>;
}
