import { applyDecorators, type Type } from '@nestjs/common';
import {
  ApiBody,
  ApiExtraModels,
  ApiHeader,
  ApiOperation,
  ApiResponse,
  getSchemaPath,
} from '@nestjs/swagger';
import { exampleOf, type ProblemExamples, ProblemResponse } from './problem.response.js';
import { type ProblemCode, PROBLEMS } from '../common/errors/problems.js';
import { Resource } from './resource.js';

interface OperationDocs {
  id: string;
  summary: string;
  description?: string;
  /** Bodies to try it with; Swagger UI starts with the first. Needed only where the properties' examples do not do. */
  body?: { type: Type<unknown>; examples: RequestExamples };
  /** 201 is the status of every POST, and only of those: they take an Idempotency-Key. */
  status?: 200 | 201 | 204;
  /** Takes `If-None-Match` (a read of one thing) or `If-Match` (a change of one). */
  conditional?: 'read' | 'write';
  response?: Type<unknown>;
  /** Beside those that every operation can answer. */
  problems?: readonly ProblemCode[];
}

export type RequestExamples = Readonly<Record<string, { summary: string; value: object }>>;

/** Every operation needs a credential, a tenant, valid input and the database. */
const COMMON_PROBLEMS: readonly ProblemCode[] = [
  'tenant_required',
  'unauthenticated',
  'tenant_forbidden',
  'tenant_unit_forbidden',
  'insufficient_scope',
  'validation_failed',
  'rate_limited',
  'internal_error',
  'unavailable',
];
/** Of operations with a body. */
export const BODY_PROBLEMS: readonly ProblemCode[] = [
  'malformed_json',
  'payload_too_large',
  'unsupported_media_type',
];

const ONCE_PROBLEMS: readonly ProblemCode[] = ['idempotency_in_progress', 'idempotency_key_reused'];

/** Documents an operation in OpenAPI: its success, and each problem it can answer, by status. */
export function Operation({
  id,
  summary,
  description,
  body,
  status = 200,
  conditional,
  response,
  problems = [],
}: OperationDocs) {
  const success = { 200: 'OK', 201: 'Created.', 204: 'Done; no content.' }[status];
  return applyDecorators(
    ApiOperation({ operationId: id, summary, ...(description && { description }) }),
    ...(body
      ? [
          ApiExtraModels(body.type),
          ApiBody({ schema: { $ref: getSchemaPath(body.type) }, examples: { ...body.examples } }),
        ]
      : []),
    ApiResponse({
      status,
      description: success,
      headers: {
        ...REQUEST_ID,
        ...RATE_LIMIT,
        ...(response && isResource(response) && ETAG),
        ...(status === 201 && { ...(response && isResource(response) && LOCATION), ...REPLAYED }),
      },
      ...(response && { type: response }),
    }),
    ApiExtraModels(ProblemResponse),
    ...(status === 201 ? [ApiHeader(IDEMPOTENCY_KEY)] : []),
    ...(conditional === 'read' ? [ApiHeader(IF_NONE_MATCH), ApiResponse(NOT_MODIFIED)] : []),
    ...(conditional === 'write' ? [ApiHeader(IF_MATCH)] : []),
    ...problemResponses([
      ...COMMON_PROBLEMS,
      ...(status === 201 ? ONCE_PROBLEMS : []),
      ...(conditional === 'write' ? (['precondition_failed'] as const) : []),
      ...problems,
    ]),
  );
}

const isResource = (type: Type<unknown>): boolean => type.prototype instanceof Resource;

const header = (description: string, schema: { type: string; format?: string; minimum?: number }) => ({
  description,
  schema,
});
const REQUEST_ID = {
  'X-Request-Id': header('The id sent with the request, or one made for it.', { type: 'string' }),
};
const RATE_LIMIT = {
  RateLimit: header('Where requests are limited: requests left (`r`), and seconds until one more (`t`).', {
    type: 'string',
  }),
  'RateLimit-Policy': header(
    'Where requests are limited: how many may be sent at once (`q`), and seconds until they all may be again (`w`).',
    { type: 'string' },
  ),
};
const LOCATION = {
  Location: header('Path of what was created.', { type: 'string', format: 'uri-reference' }),
};
const ETAG = {
  ETag: header('Strong entity tag: another one after every change. For `If-Match` and `If-None-Match`.', {
    type: 'string',
  }),
};
const REPLAYED = {
  'Idempotency-Replayed': header('`true` where this is the stored answer to an earlier request.', {
    type: 'string',
  }),
};
const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  required: false,
  description:
    'Makes the request safe to repeat for 24 hours: the same key with the same request is carried out once and answered alike.',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
};
const IF_MATCH = {
  name: 'If-Match',
  required: false,
  description: '`ETag` that was read: the change is made only if it still is the current one.',
  schema: { type: 'string' },
};
const IF_NONE_MATCH = {
  name: 'If-None-Match',
  required: false,
  description: '`ETag` that is known: 304 without a body if it still is the current one.',
  schema: { type: 'string' },
};
const NOT_MODIFIED = {
  status: 304,
  description: 'Not modified: `If-None-Match` names the current `ETag`.',
  headers: { ...REQUEST_ID, ...RATE_LIMIT, ...ETAG },
};
const RETRY_AFTER = {
  'Retry-After': header('Seconds to wait before the next try.', { type: 'integer', minimum: 1 }),
};
const PROBLEM_HEADERS: Partial<Record<number, Record<string, ReturnType<typeof header>>>> = {
  401: { 'WWW-Authenticate': header('The kind of credential that is asked for.', { type: 'string' }) },
  429: RETRY_AFTER,
  503: RETRY_AFTER,
};

/** Of requests that are refused before they count against the limit of a tenant. */
const NOT_LIMITED: readonly number[] = [400, 401, 403, 413, 415];
/** Failures that are kept under an Idempotency-Key. */
const REPLAYABLE: readonly number[] = [404, 422];

function problemResponses(codes: readonly ProblemCode[]): MethodDecorator[] {
  // Which kind of operation it is shows in what it can answer.
  const hasBody = codes.includes('malformed_json');
  const isPost = codes.includes('idempotency_in_progress');
  const isWrite = isPost || codes.includes('precondition_failed');
  const ownExamples: ProblemExamples = {
    ...(isWrite && { insufficient_scope: { detail: 'The credential lacks the scope conversations:write.' } }),
    ...(hasBody && { validation_failed: { errors: [{ detail: 'unknown: colour', pointer: '/colour' }] } }),
  };
  const statuses = [...new Set(codes.map((code) => PROBLEMS[code].status))];
  return statuses.map((status) => {
    const here = codes.filter((code) => PROBLEMS[code].status === status);
    return ApiResponse({
      status,
      description: here.map((code) => `\`${code}\`: ${PROBLEMS[code].meaning}`).join('\n\n'),
      headers: {
        ...REQUEST_ID,
        ...(!NOT_LIMITED.includes(status) && RATE_LIMIT),
        ...PROBLEM_HEADERS[status],
        ...(here.includes('idempotency_in_progress') && RETRY_AFTER),
        ...(isPost && REPLAYABLE.includes(status) && REPLAYED),
      },
      content: {
        'application/problem+json': {
          schema: { $ref: getSchemaPath(ProblemResponse) },
          examples: Object.fromEntries(
            here.map((code) => [code, { value: exampleOf(code, ownExamples[code]) }]),
          ),
        },
      },
    });
  });
}
