import type { Fault, Problem as ProblemMembers, ProblemCode } from './openapi.gen.js';

/** RFC 9457, with what its code adds, such as `current_status`. */
export type Problem = ProblemMembers & Readonly<Record<string, unknown>>;

/** Everything that this client itself throws. An aborted call is rejected with the reason of its signal. */
export class ColloquyError extends Error {
  override name = 'ColloquyError';
}

/** No answer arrived, or only a part of one. Whether the request was carried out is not known. */
export class ConnectionError extends ColloquyError {
  override name = 'ConnectionError';

  constructor(
    message: string,
    /** Under which the service has logged the request, if it arrived. */
    readonly requestId: string,
    cause: unknown,
  ) {
    super(message, { cause });
  }
}

/** An attempt took longer than `timeoutMs`. */
export class TimeoutError extends ConnectionError {
  override name = 'TimeoutError';
}

/** What is known of an answer that is not a success. */
interface Refusal {
  status: number;
  headers: Headers;
  requestId: string;
  /** Undefined when the answer is not the service's own: a proxy's, for instance. */
  problem: Problem | undefined;
}

/** The service answered, with something else than success. */
export class ApiError extends ColloquyError {
  override name = 'ApiError';
  readonly status: number;
  /** Stable, to program against. Undefined when the answer is a proxy's; newer services may know further codes. */
  readonly code: ProblemCode | (string & Record<never, never>) | undefined;
  /** Of a 422: everything that is wrong, and where. */
  readonly faults: Fault[];
  /** Under which the service has logged the request. */
  readonly requestId: string;
  /** The whole problem, with what its code adds, such as `current_status`. */
  readonly problem: Problem | undefined;
  readonly headers: Headers;

  constructor({ status, headers, requestId, problem }: Refusal) {
    super(describe(status, problem));
    this.status = status;
    this.code = problem?.code;
    this.faults = problem?.errors ?? [];
    this.requestId = requestId;
    this.problem = problem;
    this.headers = headers;
  }
}

function describe(status: number, problem: Problem | undefined): string {
  if (!problem) return `${status}, in an answer that is not Colloquy's`;
  const faults = problem.errors?.map(
    ({ detail, pointer, parameter }) => `${pointer ?? parameter ?? ''}: ${detail}`,
  );
  return `${status} ${problem.code}: ${[problem.detail, ...(faults ?? [])].join(' ')}`;
}

export class AuthenticationError extends ApiError {
  override name = 'AuthenticationError';
}
export class PermissionError extends ApiError {
  override name = 'PermissionError';
}
export class NotFoundError extends ApiError {
  override name = 'NotFoundError';
}
/** Something is otherwise than the request supposes: see `code`, and `problem` for how it is. */
export class ConflictError extends ApiError {
  override name = 'ConflictError';
}
/** `ifMatch` is not the `etag` of what is there now. */
export class PreconditionFailedError extends ApiError {
  override name = 'PreconditionFailedError';
}
export class ValidationError extends ApiError {
  override name = 'ValidationError';
}
export class RateLimitError extends ApiError {
  override name = 'RateLimitError';
}
export class ServerError extends ApiError {
  override name = 'ServerError';
}

const classes: Record<number, typeof ApiError> = {
  401: AuthenticationError,
  403: PermissionError,
  404: NotFoundError,
  409: ConflictError,
  412: PreconditionFailedError,
  422: ValidationError,
  429: RateLimitError,
};

export function apiError(refusal: Refusal): ApiError {
  return new (classes[refusal.status] ?? (refusal.status >= 500 ? ServerError : ApiError))(refusal);
}
