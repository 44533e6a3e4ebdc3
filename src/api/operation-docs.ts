import { applyDecorators, type Type } from '@nestjs/common';
import {
  ApiBody,
  ApiExtraModels,
  ApiHeader,
  ApiOperation,
  ApiQuery,
  ApiResponse,
  getSchemaPath,
} from '@nestjs/swagger';
import { type ProblemCode, PROBLEMS } from '../common/errors/problems.js';
import { exampleOf, type Example, ProblemResponse } from '../http/problem.response.js';
import { Resource } from '../http/resource.js';
import { isValid } from '../http/validation/rules.js';
import type { AccessScope } from '../identity/principal.js';

export type RequestExamples = Readonly<Record<string, { summary: string; value: object }>>;

/** A problem that an operation can answer; with what its document has beside the members of all, where it has more. */
export type ProblemDocs =
  ProblemCode | { code: ProblemCode; members: Readonly<Record<string, MemberSchema & { example: unknown }>> };

interface MemberSchema {
  description: string;
  type?: string;
  enum?: readonly unknown[];
}

/** An answer that is sent while it is made, by its media type. */
export interface StreamDocs {
  type: string;
  examples?: Readonly<Record<string, { summary: string; value: string }>>;
}

interface OperationDocs {
  id: string;
  summary: string;
  description?: string;
  scope: AccessScope;
  query: Type<object>;
  body?: Type<object>;
  examples?: RequestExamples;
  idempotent: boolean;
  conditional?: 'read' | 'write';
  status: number;
  existing?: string;
  response?: Type<unknown>;
  stream?: StreamDocs;
  problems?: readonly ProblemDocs[];
}

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
const BODY_PROBLEMS: readonly ProblemCode[] = [
  'malformed_json',
  'payload_too_large',
  'unsupported_media_type',
];
const IDEMPOTENT_PROBLEMS: readonly ProblemCode[] = ['idempotency_in_progress', 'idempotency_key_reused'];

const SUCCESS: Record<number, string> = {
  200: 'OK',
  201: 'Created.',
  202: 'Accepted.',
  204: 'Done; no content.',
};

/** Documents an operation in OpenAPI: what it takes, its success, and each problem it can answer, by status. */
export function describeOperation(docs: OperationDocs): MethodDecorator {
  const {
    id,
    summary,
    description,
    query,
    body,
    examples,
    idempotent,
    conditional,
    status,
    existing,
    response,
    stream,
  } = docs;
  const isResource = response?.prototype instanceof Resource;
  return applyDecorators(
    ApiOperation({ operationId: id, summary, ...(description && { description }) }),
    ApiQuery({ type: query }),
    ...(body
      ? [
          ApiExtraModels(body),
          ApiBody({
            schema: { $ref: getSchemaPath(body) },
            required: !isValid(body, { ...new body() }),
            ...(examples && { examples: { ...examples } }),
          }),
        ]
      : []),
    ...[
      { code: status, said: SUCCESS[status] ?? '' },
      ...(existing === undefined ? [] : [{ code: 200, said: existing }]),
    ].map(({ code, said }) =>
      ApiResponse({
        status: code,
        description: said,
        headers: {
          ...REQUEST_ID,
          ...RATE_LIMIT,
          ...(isResource && ETAG),
          ...(isResource && status === 201 && LOCATION),
          ...(idempotent && REPLAYED),
        },
        ...(stream ? { content: contentOf(response, stream) } : response && { type: response }),
      }),
    ),
    ApiExtraModels(ProblemResponse, ...(response && stream ? [response] : [])),
    ...(idempotent ? [ApiHeader(IDEMPOTENCY_KEY)] : []),
    ...(conditional === 'read' ? [ApiHeader(IF_NONE_MATCH), ApiResponse(NOT_MODIFIED)] : []),
    ...(conditional === 'write' ? [ApiHeader(IF_MATCH)] : []),
    ...problemResponses(docs),
  );
}

/** Of an answer in two forms the first is what is sent to who does not say. */
const contentOf = (response: Type<unknown> | undefined, { type, examples }: StreamDocs) => ({
  ...(response && { 'application/json': { schema: { $ref: getSchemaPath(response) } } }),
  [type]: { schema: { type: 'string' }, ...(examples && { examples: { ...examples } }) },
});

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
  Location: header('Path of what was created, or is there already.', {
    type: 'string',
    format: 'uri-reference',
  }),
};
const ETAG = {
  ETag: header('Strong entity tag: another one after every change. For `If-Match` and `If-None-Match`.', {
    type: 'string',
  }),
};
const REPLAYED = {
  'Idempotency-Replayed': header('`true` where an earlier request with this key had done it already.', {
    type: 'string',
  }),
};
const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  required: false,
  description:
    'Makes the request safe to repeat for 24 hours: the same key with the same request is carried out once. Repeated, it is answered with the thing as it is by then.',
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

/** Without a credential there is nobody to charge a request to. */
const NOT_CHARGED = 401;

function problemResponses(docs: OperationDocs): MethodDecorator[] {
  const { scope, body, idempotent, conditional } = docs;
  const examples: Partial<Record<ProblemCode, Example>> = {
    insufficient_scope: { detail: `The credential lacks the scope ${scope}.` },
    ...(body && { validation_failed: { errors: [{ detail: 'unknown: colour', pointer: '/colour' }] } }),
  };
  const problems = [
    ...COMMON_PROBLEMS,
    ...(idempotent ? IDEMPOTENT_PROBLEMS : []),
    ...(conditional === 'write' ? (['precondition_failed'] as const) : []),
    ...(body ? BODY_PROBLEMS : []),
    ...(docs.problems ?? []),
  ].map((problem) => (typeof problem === 'string' ? { code: problem, members: {} } : problem));
  const statuses = [...new Set(problems.map(({ code }) => PROBLEMS[code].status))];
  return statuses.map((status) => {
    const here = problems.filter(({ code }) => PROBLEMS[code].status === status);
    return ApiResponse({
      status,
      description: here.map(({ code }) => `\`${code}\`: ${PROBLEMS[code].meaning}`).join('\n\n'),
      headers: {
        ...REQUEST_ID,
        ...(status !== NOT_CHARGED && RATE_LIMIT),
        ...PROBLEM_HEADERS[status],
        ...(here.some(({ code }) => code.endsWith('_exists')) && LOCATION),
        ...(here.some(({ code }) => code === 'idempotency_in_progress') && RETRY_AFTER),
      },
      content: {
        'application/problem+json': {
          schema: schemaOf(here.flatMap(({ members }) => Object.entries(members))),
          examples: Object.fromEntries(
            here.map(({ code, members }) => [
              code,
              { value: exampleOf(code, { ...examplesOf(members), ...examples[code] }) },
            ]),
          ),
        },
      },
    });
  });
}

type Members = Exclude<ProblemDocs, string>['members'];

function schemaOf(members: readonly [string, Members[string]][]) {
  const problem = { $ref: getSchemaPath(ProblemResponse) };
  if (members.length === 0) return problem;
  const properties = members.map(([name, { description, type, enum: values, example }]) => {
    const schema = {
      description,
      ...(type && { type }),
      ...(values && { enum: [...values] }),
      examples: [example],
    };
    return [name, schema] as const;
  });
  return { allOf: [problem, { type: 'object', properties: Object.fromEntries(properties) }] };
}

const examplesOf = (members: Members): Example =>
  Object.fromEntries(Object.entries(members).map(([name, { example }]) => [name, example]));
