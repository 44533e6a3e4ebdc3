import { setTimeout as wait } from 'node:timers/promises';
import { RequestFailed } from './import-errors.js';

const maxAttempts = 6;
const firstWaitMs = 250;
const maxWaitMs = 60_000;

/** Repeats a request that may succeed later, with growing, jittered waits, and no sooner than the server asks. */
export async function withRetries<Answer>(request: () => Promise<Answer>): Promise<Answer> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await request();
    } catch (error) {
      const isLast = attempt === maxAttempts;
      if (isLast || !(error instanceof RequestFailed) || !error.isWorthRetrying) throw error;
      const backoffMs = firstWaitMs * 2 ** (attempt - 1) * Math.random();
      await wait(Math.min(error.retryAfterMs + backoffMs, maxWaitMs));
    }
  }
}

/** `Retry-After` in either of its forms: seconds, or a date. */
export function parseRetryAfter(header: string | null, now: number = Date.now()): number {
  if (!header) return 0;
  const waitMs = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return waitMs > 0 ? waitMs : 0;
}
