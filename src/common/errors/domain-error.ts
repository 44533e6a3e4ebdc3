import type { ProblemCode } from './problems.js';

/** One fault of a request: where it is (a JSON Pointer into the body, or a parameter's name) and what is wrong. */
export type Fault = { detail: string; pointer: string } | { detail: string; parameter: string };

interface DomainErrorOptions {
  faults?: readonly Fault[];
  /** Response headers that belong to this answer, such as `Allow`. */
  headers?: Readonly<Record<string, string>>;
  /** Path of what is there already, below the base path. */
  location?: string;
  /** Further members of the problem document (RFC 9457, section 3.2). */
  members?: Readonly<Record<string, unknown>>;
  /** In a few words, why; shown to the log only. */
  reason?: string | undefined;
  cause?: unknown;
}

/**
 * A failure that has a code in the catalogue of problems. Everything below the controllers throws these (or a
 * bug); `detail` is shown to the client, `cause` only to the log.
 */
export class DomainError extends Error {
  readonly faults: readonly Fault[] | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly location: string | undefined;
  readonly members: Readonly<Record<string, unknown>>;
  readonly reason: string | undefined;

  constructor(
    readonly code: ProblemCode,
    detail: string,
    { faults, headers = {}, location, members = {}, reason, cause }: DomainErrorOptions = {},
  ) {
    super(detail, { cause });
    this.name = new.target.name;
    this.faults = faults;
    this.headers = headers;
    this.location = location;
    this.members = members;
    this.reason = reason;
  }
}

/** One or more rules are broken; lists every fault. */
export class ValidationFailed extends DomainError {
  constructor(faults: readonly Fault[]) {
    super(
      'validation_failed',
      faults.length === 1 ? '1 fault in the request.' : `${faults.length} faults in the request.`,
      {
        faults,
      },
    );
  }
}

/** The database, or a place in its queue, cannot be had in time. */
export class Unavailable extends DomainError {
  constructor(detail: string, cause?: unknown) {
    super('unavailable', detail, { cause, headers: { 'retry-after': '1' } });
  }
}
