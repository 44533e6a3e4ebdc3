import type { DomainError } from '../common/errors/domain-error.js';

const QUIET_MS = 10_000;

/**
 * Tells a state that lasts from what happens once: while the database is down every request is `unavailable`, and one
 * line says so every ten seconds. A 500 is never left out.
 */
export class RepeatedFailures {
  readonly #toldAt = new Map<string, number>();

  /** Whether the log has said this lately. */
  has({ code, message }: DomainError): boolean {
    if (code !== 'unavailable') return false;
    const now = performance.now();
    for (const [told, at] of this.#toldAt) if (at + QUIET_MS <= now) this.#toldAt.delete(told);
    if (this.#toldAt.has(message)) return true;
    this.#toldAt.set(message, now);
    return false;
  }
}
