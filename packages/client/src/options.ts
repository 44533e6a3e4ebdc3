/** A credential, or what fetches one: it is asked before every attempt, so that it may renew what has expired. */
export type Credential = string | (() => string | Promise<string>);

export interface ClientOptions {
  /** Where the service is, such as `https://colloquy.example.com`; with or without `/admin/api/v2`. */
  baseUrl: string;
  /** Sent as `X-API-Key`. */
  apiKey?: Credential;
  /** A JWT, sent as `Authorization: Bearer`. */
  token?: Credential;
  /** The tenant to act for; needed where the credential is bound to none. */
  tenantId?: string;
  /** The unit of the tenant to act for. */
  tenantUnitId?: string;
  /** How long one attempt may take (30,000). */
  timeoutMs?: number;
  /** How often a failed request is sent again (2). */
  maxRetries?: number;
  /** Sent with every request. */
  headers?: Record<string, string>;
  /** Instead of the platform's `fetch`. */
  fetch?: typeof fetch;
  /** Told of every attempt, for logs and metrics; never of bodies or credentials. */
  onAttempt?: (attempt: Attempt) => void;
}

export interface Attempt {
  method: string;
  url: string;
  /** 1 for the first. */
  attempt: number;
  /** As in the service's log. */
  requestId: string;
  /** Null when no answer arrived. */
  status: number | null;
  durationMs: number;
  /** Null when this was the last attempt. */
  retryInMs: number | null;
}

export interface RequestOptions {
  /** Ends the request, and the wait for the next attempt. The call is then rejected with the signal's reason. */
  signal?: AbortSignal;
  timeoutMs?: number;
  maxRetries?: number;
  /**
   * Instead of a generated one, so that a retry by another process, or after a restart, is the same request too. Null for
   * none: for a write that can be sent again as it is, because of its `external_id` or `expected_last_sequence`.
   */
  idempotencyKey?: string | null;
  /** An `etag` of before: the change is refused (412) if somebody else has changed it meanwhile. */
  ifMatch?: string;
  /** Instead of a generated one. */
  requestId?: string;
  headers?: Record<string, string>;
  tenantId?: string;
  tenantUnitId?: string;
}
