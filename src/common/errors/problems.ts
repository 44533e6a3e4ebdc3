/** What an HTTP client can be told: the stable code of each problem, its status, and what it means for people. */
export const PROBLEMS = {
  malformed_json: {
    status: 400,
    title: 'Malformed JSON',
    meaning: 'The request body is not valid JSON in UTF-8. Nothing was read from it and nothing was changed.',
  },
  malformed_request: {
    status: 400,
    title: 'Malformed request',
    meaning:
      'The bytes received are no valid HTTP request, so it was not routed and the connection was closed.',
  },
  tenant_required: {
    status: 400,
    title: 'Tenant required',
    meaning:
      'The credential is bound to no tenant. Name the one to act for with the query parameter `tenant_id`.',
  },
  unauthenticated: {
    status: 401,
    title: 'Unauthenticated',
    meaning:
      'The request has no credential, or one that is unknown, expired, revoked or wrongly signed. Send one in `Authorization: Bearer …` or in `X-API-Key`.',
  },
  tenant_forbidden: {
    status: 403,
    title: 'Tenant forbidden',
    meaning:
      'The credential is bound to another tenant than `tenant_id` names. Only the scope `tenants:any` acts for any tenant.',
  },
  tenant_unit_forbidden: {
    status: 403,
    title: 'Tenant unit forbidden',
    meaning: 'The credential is bound to another unit of the tenant than `tenant_unit_id` names.',
  },
  insufficient_scope: {
    status: 403,
    title: 'Insufficient scope',
    meaning:
      'The credential is valid but lacks the scope of this operation: `conversations:read` for GET, `conversations:write` for everything else.',
  },
  origin_forbidden: {
    status: 403,
    title: 'Origin forbidden',
    meaning:
      'A server for development (`AUTH_MODE=none` on loopback) answers only requests that were sent to it by a name of this machine, and from no web page of another origin. Use `http://127.0.0.1` or `http://localhost`.',
  },
  conversation_not_found: {
    status: 404,
    title: 'Conversation not found',
    meaning:
      'There is no such conversation in the tenant (and unit) that the request acts for. A conversation of somebody else is answered in exactly this way too.',
  },
  message_not_found: {
    status: 404,
    title: 'Message not found',
    meaning: 'The conversation exists and has no such message.',
  },
  route_not_found: {
    status: 404,
    title: 'Route not found',
    meaning: 'No operation has this path. The paths are listed in `/openapi.json`.',
  },
  method_not_allowed: {
    status: 405,
    title: 'Method not allowed',
    meaning: 'The path exists, but not with this method. The header `Allow` lists the methods it has.',
  },
  request_timeout: {
    status: 408,
    title: 'Request timeout',
    meaning: 'The request took too long to arrive, so it was given up and the connection was closed.',
  },
  idempotency_in_progress: {
    status: 409,
    title: 'Idempotency in progress',
    meaning:
      'A request with this `Idempotency-Key` is still being carried out. Repeat yours a moment later to get its answer.',
  },
  status_conflict: {
    status: 409,
    title: 'Status conflict',
    meaning:
      'The conversation does not have the `expected_status`, so its status was not changed. `current_status` is the one it has.',
  },
  precondition_failed: {
    status: 412,
    title: 'Precondition failed',
    meaning:
      'The thing has changed since you read it: `If-Match` does not name its current `ETag`. Nothing was changed. Read it again and decide anew.',
  },
  payload_too_large: {
    status: 413,
    title: 'Payload too large',
    meaning:
      'The body of a create, an append or a batch may have 8 MiB, any other body 2 MiB. A body holds at most 100,000 JSON values, nested at most 110 deep.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'Unsupported media type',
    meaning: 'Bodies are JSON: send `Content-Type: application/json`.',
  },
  validation_failed: {
    status: 422,
    title: 'Validation failed',
    meaning:
      'The request was understood but breaks a rule. `errors` lists all faults at once (the first 100): `pointer` is a JSON Pointer into the body, `parameter` names a query, path or header parameter.',
  },
  invalid_cursor: {
    status: 422,
    title: 'Invalid cursor',
    meaning:
      'A cursor continues the very list it came from: the same tenant, unit, filters and order. Start again without one.',
  },
  idempotency_key_reused: {
    status: 422,
    title: 'Idempotency key reused',
    meaning:
      'This `Idempotency-Key` belongs to another request of the last 24 hours: with another path, query or body. Use a new key for a new request.',
  },
  rate_limited: {
    status: 429,
    title: 'Rate limited',
    meaning: 'The tenant sends more requests than it may. Try again after `Retry-After` seconds.',
  },
  header_fields_too_large: {
    status: 431,
    title: 'Header fields too large',
    meaning: 'The headers of a request may have 16 KiB in all.',
  },
  internal_error: {
    status: 500,
    title: 'Internal error',
    meaning:
      'A fault of the service. What happened stands in its log under the `request_id`; nothing of it is shown here.',
  },
  unavailable: {
    status: 503,
    title: 'Unavailable',
    meaning:
      'The database cannot be reached or is overloaded, or the service is shutting down. Try again after `Retry-After` seconds.',
  },
} as const satisfies Record<string, { status: number; title: string; meaning: string }>;

export type ProblemCode = keyof typeof PROBLEMS;

export function isProblemCode(text: string): text is ProblemCode {
  return Object.hasOwn(PROBLEMS, text);
}
