import type { Principal } from '../identity/principal.js';

/** Is told why a credential is refused: for the log, never for the client. */
export type Explain = (reason: string) => void;

/** Knows one kind of credential. */
export interface CredentialVerifier {
  /**
   * The principal of a credential; null when it is not of this kind or not valid. Throws only when it cannot tell
   * (Unavailable).
   */
  verify(credential: string, explain?: Explain): Promise<Principal | null>;
}
