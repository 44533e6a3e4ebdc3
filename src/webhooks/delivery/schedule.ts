const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** How long after each failed attempt an event is sent again (contract, section 9). */
const RETRY_DELAYS_MS = [
  5 * SECOND_MS,
  5 * MINUTE_MS,
  30 * MINUTE_MS,
  2 * HOUR_MS,
  5 * HOUR_MS,
  10 * HOUR_MS,
  14 * HOUR_MS,
  20 * HOUR_MS,
  24 * HOUR_MS,
];
/** Spread of the delays, so that receivers that failed together are not asked together. */
const JITTER = 0.2;
const FIRST_PAUSE_MS = 5 * SECOND_MS;
const MAX_PAUSE_MS = 5 * MINUTE_MS;
const MAX_RETRY_AFTER_MS = DAY_MS;

/** A receiver that took nothing for so long is sent nothing any more. */
export const DISABLED_AFTER_MS = 5 * DAY_MS;
/** How long the secret before a rotation signs along. */
export const OLD_SECRET_MS = DAY_MS;

/** Time until an event that failed `attempts` times is sent again; undefined when it is given up. */
export function retryDelayMs(
  attempts: number,
  retryAfterMs = 0,
  random: () => number = Math.random,
): number | undefined {
  const delay = RETRY_DELAYS_MS[attempts - 1];
  if (delay === undefined) return undefined;
  return Math.max(Math.round(delay * (1 + JITTER * (2 * random() - 1))), retryAfterMs);
}

/** How long a lane waits that failed `failures` times in a row: 5 s, doubled with each up to 5 min. */
export const pauseMs = (failures: number, retryAfterMs = 0): number =>
  Math.max(Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - 1)), retryAfterMs);

/** What `Retry-After` asks for (RFC 9110, section 10.2.3: seconds, or a date), at most a day; 0 without a readable one. */
export function retryAfterMs(header: string | undefined, now: Date): number {
  if (header === undefined) return 0;
  const wanted = /^\d{1,9}$/.test(header.trim())
    ? Number(header) * SECOND_MS
    : Date.parse(header) - now.getTime();
  return Number.isNaN(wanted) ? 0 : Math.min(MAX_RETRY_AFTER_MS, Math.max(0, wanted));
}
