/** What an HTTP client can be told: the stable code of each problem, its status, what it means, and what to do. */
export const PROBLEMS = {
  malformed_json: {
    status: 400,
    title: 'Malformed JSON',
    meaning: 'The request body is not valid JSON in UTF-8. Nothing was read from it and nothing was changed.',
    remedy: 'Send valid JSON in UTF-8; `detail` says what is wrong with it.',
  },
  malformed_request: {
    status: 400,
    title: 'Malformed request',
    meaning:
      'The bytes received are no valid HTTP request, so it was not routed and the connection was closed.',
    remedy: 'Look at what stands between the client and the service: ordinary HTTP clients do not send this.',
  },
  tenant_required: {
    status: 400,
    title: 'Tenant required',
    meaning:
      'The credential is bound to no tenant. Name the one to act for with the query parameter `tenant_id`.',
    remedy: 'Add `tenant_id` to the query, or use a credential that is bound to a tenant.',
  },
  unauthenticated: {
    status: 401,
    title: 'Unauthenticated',
    meaning:
      'The request has no credential, or one that is unknown, expired, revoked or wrongly signed. Send one in `Authorization: Bearer …` or in `X-API-Key`.',
    remedy:
      'Get a new token or key. Why this one was refused is in the log of the service under the `request_id`.',
  },
  tenant_forbidden: {
    status: 403,
    title: 'Tenant forbidden',
    meaning:
      'The credential is bound to another tenant than `tenant_id` names. Only the scope `tenants:any` acts for any tenant.',
    remedy: 'Leave `tenant_id` out, or use a credential of that tenant.',
  },
  tenant_unit_forbidden: {
    status: 403,
    title: 'Tenant unit forbidden',
    meaning: 'The credential is bound to another unit of the tenant than `tenant_unit_id` names.',
    remedy: 'Leave `tenant_unit_id` out, or use a credential of that unit or of the whole tenant.',
  },
  insufficient_scope: {
    status: 403,
    title: 'Insufficient scope',
    meaning:
      'The credential is valid but lacks the scope of this operation, which the documentation names at each one, or of a member that needs one of its own.',
    remedy: 'Use a credential that has the scope; `detail` names it.',
  },
  origin_forbidden: {
    status: 403,
    title: 'Origin forbidden',
    meaning:
      'A server for development (`AUTH_MODE=none` on loopback) answers only requests that were sent to it by a name of this machine, and from no web page of another origin. Use `http://127.0.0.1` or `http://localhost`.',
    remedy:
      'Open the service by `localhost` or `127.0.0.1`, or name the origin of the page in `CORS_ORIGINS`.',
  },
  conversation_not_found: {
    status: 404,
    title: 'Conversation not found',
    meaning:
      'There is no such conversation in the tenant (and unit) that the request acts for. A conversation of somebody else is answered in exactly this way too.',
    remedy:
      'Check the id, and the tenant and unit that you act for. A deleted conversation does not come back.',
  },
  message_not_found: {
    status: 404,
    title: 'Message not found',
    meaning: 'The conversation exists and has no such message.',
    remedy: 'Check the id, and that the message is one of this conversation.',
  },
  webhook_not_found: {
    status: 404,
    title: 'Webhook not found',
    meaning:
      'There is no such webhook in the tenant (and unit) that the request acts for. A webhook of somebody else is answered in exactly this way too.',
    remedy: 'Check the id, the tenant and the unit. `GET /webhooks` lists those that there are.',
  },
  route_not_found: {
    status: 404,
    title: 'Route not found',
    meaning: 'No operation has this path. The paths are listed in `/openapi.json`.',
    remedy:
      'Compare the path with `/openapi.json`: it begins with `/admin/api/v2` and has no slash at its end.',
  },
  method_not_allowed: {
    status: 405,
    title: 'Method not allowed',
    meaning: 'The path exists, but not with this method. The header `Allow` lists the methods it has.',
    remedy: 'Use one of the methods in `Allow`.',
  },
  request_timeout: {
    status: 408,
    title: 'Request timeout',
    meaning: 'The request took too long to arrive, so it was given up and the connection was closed.',
    remedy: 'Send it again; a slow network or a client that stalls is the usual cause.',
  },
  idempotency_in_progress: {
    status: 409,
    title: 'Idempotency in progress',
    meaning:
      'A request with this `Idempotency-Key` is still being carried out. Repeat yours a moment later to get its answer.',
    remedy: 'Send the same request with the same key again after `Retry-After` seconds.',
  },
  status_conflict: {
    status: 409,
    title: 'Status conflict',
    meaning:
      'The conversation does not have the `expected_status`, so its status was not changed. `current_status` is the one it has.',
    remedy:
      'Read the conversation and decide anew; leave `expected_status` out where any status may be replaced.',
  },
  conversation_exists: {
    status: 409,
    title: 'Conversation exists',
    meaning: 'The unit has a conversation with this `external_id` already; `Location` says where.',
    remedy: 'Use the conversation at `Location`, or send `if_exists: "return"` to be answered with it.',
  },
  message_exists: {
    status: 409,
    title: 'Message exists',
    meaning:
      'The conversation has a message with this `external_id` already; `Location` says where. Nothing was appended.',
    remedy: 'Take it as done, or send `if_exists: "return"` to be answered with what is there.',
  },
  sequence_conflict: {
    status: 409,
    title: 'Sequence conflict',
    meaning:
      'The last message of the conversation is not the one with `expected_last_sequence`, so nothing was appended. `last_sequence` is the one it has.',
    remedy: 'Read what was said meanwhile (`after_sequence`) and decide anew.',
  },
  message_redacted: {
    status: 409,
    title: 'Message redacted',
    meaning: 'The message was redacted, which is final: it cannot be changed any more.',
    remedy: 'Leave it as it is.',
  },
  webhook_disabled: {
    status: 409,
    title: 'Webhook disabled',
    meaning: 'The webhook is disabled, so nothing is sent to it.',
    remedy: 'Enable it with a PATCH, then replay what it missed.',
  },
  events_expired: {
    status: 410,
    title: 'Events expired',
    meaning:
      'The events behind this id are not kept any more, or never were: it is of another epoch, older than what is kept, or past the end.',
    remedy:
      'Read the state anew, then go on from `earliest`, the id behind which the first event that is kept follows.',
  },
  precondition_failed: {
    status: 412,
    title: 'Precondition failed',
    meaning:
      'The thing has changed since you read it: `If-Match` does not name its current `ETag`. Nothing was changed. Read it again and decide anew.',
    remedy: 'Read the thing again and repeat the change with the new `ETag`, if you still want it.',
  },
  payload_too_large: {
    status: 413,
    title: 'Payload too large',
    meaning:
      'The body of a create, an append or a batch may have 8 MiB, any other body 2 MiB. A body holds at most 100,000 JSON values, nested at most 110 deep.',
    remedy: 'Send less at once: split a batch, or keep files elsewhere and refer to them.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'Unsupported media type',
    meaning: 'Bodies are JSON: send `Content-Type: application/json`.',
    remedy: 'Set `Content-Type: application/json`, and no `Content-Encoding`.',
  },
  validation_failed: {
    status: 422,
    title: 'Validation failed',
    meaning:
      'The request was understood but breaks a rule. `errors` lists all faults at once (the first 100): `pointer` is a JSON Pointer into the body, `parameter` names a query, path or header parameter.',
    remedy: 'Mend every fault in `errors` and send the request again; as it is it will always be refused.',
  },
  invalid_cursor: {
    status: 422,
    title: 'Invalid cursor',
    meaning:
      'A cursor continues the very list it came from: the same tenant, unit, filters and order. Start again without one.',
    remedy: 'Begin at the first page, and pass `next_cursor` on with the same parameters.',
  },
  idempotency_key_reused: {
    status: 422,
    title: 'Idempotency key reused',
    meaning:
      'This `Idempotency-Key` belongs to another request of the last 24 hours: with another path, query or body. Use a new key for a new request.',
    remedy: 'Make a new key, such as a random UUID, for each new request; keep it for repeats only.',
  },
  rate_limited: {
    status: 429,
    title: 'Rate limited',
    meaning: 'The tenant sends more requests than it may. Try again after `Retry-After` seconds.',
    remedy: 'Wait for `Retry-After` seconds. `RateLimit` in every answer says how much is left.',
  },
  header_fields_too_large: {
    status: 431,
    title: 'Header fields too large',
    meaning: 'The headers of a request may have 16 KiB in all.',
    remedy: 'Send fewer or shorter headers; a large cookie or token is the usual cause.',
  },
  internal_error: {
    status: 500,
    title: 'Internal error',
    meaning:
      'A fault of the service. What happened stands in its log under the `request_id`; nothing of it is shown here.',
    remedy:
      'Send it again once, with the same `Idempotency-Key`. If it stays, give the `request_id` to whoever runs the service.',
  },
  unavailable: {
    status: 503,
    title: 'Unavailable',
    meaning:
      'The database cannot be reached or is overloaded, or the service is shutting down. Try again after `Retry-After` seconds.',
    remedy:
      'Send it again after `Retry-After` seconds, with the same `Idempotency-Key`: whether it was done may not be known.',
  },
} as const satisfies Record<string, { status: number; title: string; meaning: string; remedy: string }>;

export type ProblemCode = keyof typeof PROBLEMS;

export function isProblemCode(text: string): text is ProblemCode {
  return Object.hasOwn(PROBLEMS, text);
}
