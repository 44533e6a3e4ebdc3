import type { Principal } from '../identity/principal.js';

const MAX_TOKENS = 10_000;
/** A key that is withdrawn counts at most this much longer for a token that was seen before. */
const MAX_AGE_MS = 60_000;

/** Tokens whose signature was verified a moment ago; the oldest give way to new ones. */
export class VerifiedTokens {
  readonly #tokens = new Map<string, { principal: Principal; until: number }>();

  /** The principal of a token, as long as it has not expired and its verification is not a minute old. */
  find(token: string): Principal | undefined {
    const known = this.#tokens.get(token);
    if (!known || known.until > Date.now()) return known?.principal;
    this.#tokens.delete(token);
    return undefined;
  }

  /** `expires` is the token's `exp`, in seconds since 1970. */
  remember(token: string, principal: Principal, expires: number): void {
    const [oldest] = this.#tokens.keys();
    if (oldest !== undefined && this.#tokens.size >= MAX_TOKENS) this.#tokens.delete(oldest);
    this.#tokens.set(token, { principal, until: Math.min(expires * 1000, Date.now() + MAX_AGE_MS) });
  }
}
