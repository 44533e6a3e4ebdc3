import { applyDecorators, type Type } from '@nestjs/common';
import { ApiExtraModels, ApiOperation, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import { ProblemResponse } from '../errors/problem.response.js';
import { type ProblemCode, PROBLEMS } from '../errors/problems.js';

interface OperationDocs {
  id: string;
  summary: string;
  description?: string;
  status?: 200 | 201 | 204;
  response?: Type<unknown>;
  /** Beside those that every operation can answer. */
  problems?: readonly ProblemCode[];
}

/** Every operation needs a credential, a tenant, valid input and the database. */
const COMMON_PROBLEMS: readonly ProblemCode[] = [
  'tenant_required',
  'unauthenticated',
  'tenant_forbidden',
  'tenant_unit_forbidden',
  'insufficient_scope',
  'validation_failed',
  'internal_error',
  'unavailable',
];
/** Of operations with a body. */
export const BODY_PROBLEMS: readonly ProblemCode[] = [
  'malformed_json',
  'payload_too_large',
  'unsupported_media_type',
];

/** Documents an operation in OpenAPI: its success, and each problem it can answer, by status. */
export function Operation({
  id,
  summary,
  description,
  status = 200,
  response,
  problems = [],
}: OperationDocs) {
  const success = { 200: 'OK', 201: 'Created; `Location` has the address.', 204: 'Done; no content.' }[
    status
  ];
  return applyDecorators(
    ApiOperation({ operationId: id, summary, ...(description && { description }) }),
    ApiResponse({
      status,
      description: success,
      headers: headersOf(status),
      ...(response && { type: response }),
    }),
    ApiExtraModels(ProblemResponse),
    ...problemResponses([...COMMON_PROBLEMS, ...problems]),
  );
}

const headersOf = (status: number) => ({
  'X-Request-Id': { description: 'The id sent, or one made for this request.', schema: { type: 'string' } },
  ...(status === 201 && {
    Location: {
      description: 'Path of what was created.',
      schema: { type: 'string', format: 'uri-reference' },
    },
  }),
});

function problemResponses(codes: readonly ProblemCode[]): MethodDecorator[] {
  const statuses = [...new Set(codes.map((code) => PROBLEMS[code].status))];
  return statuses.map((status) => {
    const here = codes.filter((code) => PROBLEMS[code].status === status);
    return ApiResponse({
      status,
      description: here.map((code) => `\`${code}\`: ${PROBLEMS[code].meaning}`).join('\n\n'),
      content: {
        'application/problem+json': {
          schema: { $ref: getSchemaPath(ProblemResponse) },
          examples: Object.fromEntries(here.map((code) => [code, { value: exampleOf(code) }])),
        },
      },
    });
  });
}

const exampleOf = (code: ProblemCode) => ({
  type: `/problems/${code}`,
  title: PROBLEMS[code].title,
  status: PROBLEMS[code].status,
  detail: PROBLEMS[code].title,
  instance: '/admin/api/v2/conversations',
  code,
  request_id: '019c12f4-8a00-7c1d-9a4b-5e2f6d3c1b0a',
});
