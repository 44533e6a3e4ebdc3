import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { PROBLEMS } from './problems.js';

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
    example: '/admin/api/v2/conversations',
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
    example: '019c12f4-8a00-7c1d-9a4b-5e2f6d3c1b0a',
    description: 'As in `X-Request-Id`; what is hidden here stands in the log under it.',
  })
  request_id: string;

  @ApiPropertyOptional({ type: [FaultResponse], description: 'With status 422: every fault.' })
  errors?: FaultResponse[];

  @ApiPropertyOptional({
    type: String,
    example: 'cancelled',
    description: 'With `status_conflict`: the status that the conversation has.',
  })
  current_status?: string;
}
