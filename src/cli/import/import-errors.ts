/** The import cannot start at all: a wrong option, an unreadable file, no server. */
export class CannotImport extends Error {}

/** One line cannot be imported; the others can. The message never quotes what people said. */
export class LineFailed extends Error {}

const statusesOfOneLine: readonly (number | null)[] = [409, 413, 422, 500];
const statusesWorthRetrying: readonly (number | null)[] = [null, 429, 503];

/** A request that failed: an answer of 300 and above, or no answer at all (`status` null). */
export class RequestFailed extends Error {
  constructor(
    message: string,
    readonly status: number | null,
    readonly code: string | null = null,
    readonly retryAfterMs = 0,
  ) {
    super(message);
  }

  /** A repeat of a request whose first try is still running is told so, and waits like the rest. */
  get isWorthRetrying(): boolean {
    return statusesWorthRetrying.includes(this.status) || this.code === 'idempotency_in_progress';
  }

  /** Whether the next line would meet the same: a refused credential, a server that is gone. */
  get endsTheRun(): boolean {
    return !statusesOfOneLine.includes(this.status) && this.code !== 'conversation_not_found';
  }
}
