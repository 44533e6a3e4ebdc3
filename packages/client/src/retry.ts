import { ApiError, ConnectionError } from './errors.js';

const FIRST_WAIT_MS = 500;
const MAX_BACKOFF_MS = 8_000;
const MAX_RETRY_AFTER_MS = 60_000;
/** Without it, all who were refused together would come back together, and be refused again. */
const JITTER = 0.25;

/** How long to wait before a request is sent again; null when that would not help, or not soon. */
export function retryDelayMs(error: unknown, attempt: number): number | null {
  if (!isTransient(error)) return null;
  const askedForMs = error instanceof ApiError ? retryAfterMs(error.headers.get('retry-after')) : null;
  if (askedForMs !== null) {
    return askedForMs > MAX_RETRY_AFTER_MS ? null : askedForMs * (1 + JITTER * Math.random());
  }
  return Math.min(FIRST_WAIT_MS * 2 ** (attempt - 1), MAX_BACKOFF_MS) * (1 - JITTER * Math.random());
}

function isTransient(error: unknown): boolean {
  if (!(error instanceof ApiError)) return error instanceof ConnectionError;
  const { status, code } = error;
  return status === 408 || status === 429 || status >= 500 || code === 'idempotency_in_progress';
}

/** `Retry-After` in either of its forms: seconds, or a date. */
function retryAfterMs(header: string | null): number | null {
  if (!header) return null;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isNaN(ms) ? null : Math.max(0, ms);
}

/** Rejects with the signal's reason as soon as it is aborted. */
export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  await new Promise<void>((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done);
  });
  signal?.throwIfAborted();
}
