import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { BASE_PATH } from './resource.js';
import { type ProblemCode, PROBLEMS } from '../common/errors/problems.js';

const EXAMPLE_ID = '019c12f4-8a00-7c1d-9a4b-5e2f6d3c1b0a';

@ApiSchema({ name: 'Fault' })
class FaultResponse {
  @ApiProperty({
    type: String,
    example: 'must be an integer from 1 to 200',
    description: 'What is wrong there.',
  })
  detail: string;

  @ApiPropertyOptional({
    type: String,
    example: '/messages/3/content',
    description: 'JSON Pointer (RFC 6901) into the body.',
  })
  pointer?: string;

  @ApiPropertyOptional({
    type: String,
    example: 'page_size',
    description: 'Name of the query, header or path parameter.',
  })
  parameter?: string;
}

/** A problem document (RFC 9457): the answer to every request that fails. */
@ApiSchema({ name: 'Problem' })
export class ProblemResponse {
  @ApiProperty({
    type: String,
    format: 'uri-reference',
    example: '/problems/validation_failed',
    description: 'Where the code is explained.',
  })
  type: string;

  @ApiProperty({ type: String, example: 'Validation failed', description: 'The code in words.' })
  title: string;

  @ApiProperty({ type: 'integer', minimum: 400, maximum: 599, example: 422, description: 'The HTTP status.' })
  status: number;

  @ApiProperty({ type: String, example: '1 fault in the request.', description: 'What happened this time.' })
  detail: string;

  @ApiProperty({
    type: String,
    example: BASE_PATH,
    description: 'The path of the request.',
  })
  instance: string;

  @ApiProperty({
    enum: Object.keys(PROBLEMS),
    enumName: 'ProblemCode',
    example: 'validation_failed',
    description: 'Stable code to program against.',
  })
  code: string;

  @ApiProperty({
    type: String,
    example: EXAMPLE_ID,
    description:
      'As in `X-Request-Id`, or in that of the first answer where this is a replayed one; what is hidden here stands in the log under it.',
  })
  request_id: string;

  @ApiPropertyOptional({ type: [FaultResponse], description: 'With status 422: every fault.' })
  errors?: FaultResponse[];
}

/** Members of an answer beside those that the catalogue gives. */
export type Example = Readonly<Record<string, unknown>>;

const EXAMPLES: Partial<Record<ProblemCode, Example>> = {
  malformed_json: { detail: 'The body is not valid JSON.' },
  tenant_required: { detail: 'The credential is bound to no tenant: name one with tenant_id.' },
  unauthenticated: { detail: 'A credential is needed.' },
  tenant_forbidden: { detail: 'The credential may not act for this tenant.' },
  tenant_unit_forbidden: { detail: 'The credential may not act for this unit.' },
  conversation_not_found: { detail: 'There is no such conversation.' },
  message_not_found: { detail: 'The conversation has no such message.' },
  webhook_not_found: { detail: 'There is no such webhook.' },
  webhook_disabled: { detail: 'The webhook is disabled: enable it first.' },
  idempotency_in_progress: { detail: 'A request with this Idempotency-Key is being carried out.' },
  conversation_exists: { detail: 'There is a conversation with this external_id.' },
  message_exists: { detail: 'The conversation has a message with this external_id.' },
  message_redacted: { detail: 'The message is redacted, which is final.' },
  sequence_conflict: {
    detail: 'The last message of the conversation is another one than expected.',
    last_sequence: 7,
  },
  events_expired: {
    detail: 'What follows this id is not known any more.',
    earliest: '9f2c51e07a-0',
  },
  status_conflict: {
    detail: 'The conversation does not have the expected status.',
    current_status: 'cancelled',
  },
  precondition_failed: {
    detail: 'It has changed since: none of the tags in If-Match is its current one.',
  },
  payload_too_large: { detail: 'The body is larger than this operation allows.' },
  unsupported_media_type: { detail: 'The body must be application/json.' },
  validation_failed: {
    detail: '1 fault in the request.',
    errors: [{ detail: 'unknown: verbose', parameter: 'verbose' }],
  },
  invalid_cursor: {
    detail: 'The cursor does not belong to this list, or is damaged.',
    errors: [{ detail: 'does not continue this list', parameter: 'cursor' }],
  },
  idempotency_key_reused: {
    detail: 'The Idempotency-Key belongs to another request.',
    errors: [{ detail: 'belongs to another request', parameter: 'Idempotency-Key' }],
  },
  rate_limited: { detail: 'The tenant has used up its limit of requests.' },
  internal_error: { detail: 'The service failed; its log says why.' },
  unavailable: { detail: 'The database cannot be reached.' },
};

/** An answer with this code; `members` are what it says otherwise here. */
export const exampleOf = (code: ProblemCode, members?: Example) => ({
  type: `/problems/${code}`,
  title: PROBLEMS[code].title,
  status: PROBLEMS[code].status,
  code,
  instance: BASE_PATH,
  ...EXAMPLES[code],
  ...members,
  request_id: EXAMPLE_ID,
});
