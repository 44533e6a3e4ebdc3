import type { RateLimitConfig } from '../config/app-config.js';

export type Rate = Pick<RateLimitConfig, 'requestsPerSecond' | 'burst'>;

/**
 * One request. Buckets are counted in thousandths of it: n requests a second refill n of these each millisecond, so
 * that every sum is one of whole numbers and exact.
 */
export const TOKEN = 1000;

/** What became of a request that asked for a token. */
export interface Admission {
  readonly allowed: boolean;
  /** Requests that may follow at once. */
  readonly remaining: number;
  /** Time until there is one more of them. */
  readonly nextTokenMs: number;
}

/** What a bucket that lacked `debtBefore` to be full lacks after some time of refill. */
export function refilled({ requestsPerSecond }: Rate, debtBefore: number, elapsedMs: number): number {
  // A clock that was set back must not lock anybody out: no time has passed then.
  return Math.max(0, debtBefore - Math.max(0, elapsedMs) * requestsPerSecond);
}

/** Takes a token out of a bucket that lacks `debt` to be full, if there is one; the bucket then lacks `debtAfter`. */
export function takeToken(
  { requestsPerSecond, burst }: Rate,
  debt: number,
): { admission: Admission; debtAfter: number } {
  const capacity = burst * TOKEN;
  const allowed = debt + TOKEN <= capacity;
  const debtAfter = allowed ? debt + TOKEN : debt;
  const remaining = Math.max(0, Math.floor((capacity - debtAfter) / TOKEN));
  const nextTokenMs = Math.ceil((debtAfter - capacity + (remaining + 1) * TOKEN) / requestsPerSecond);
  return { admission: { allowed, remaining, nextTokenMs }, debtAfter };
}
