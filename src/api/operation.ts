import { applyDecorators, HttpCode, type Type, UseGuards } from '@nestjs/common';
import { RequireScope } from '../auth/decorators.js';
import { MAX_BODY_BYTES } from '../http/body.js';
import { Takes } from '../http/inputs.js';
import { IDEMPOTENCY_KEY } from '../idempotency/idempotency-key.js';
import { IdempotencyKeyGuard } from '../idempotency/idempotency-key.guard.js';
import type { AccessScope } from '../identity/principal.js';
import { TenantQuery } from '../tenancy/tenant.query.js';
import {
  describeOperation,
  type ProblemDocs,
  type RequestExamples,
  type StreamDocs,
} from './operation-docs.js';

/** What an operation is: all that is said of it anywhere, but for its method, its path and what it does. */
interface OperationOptions {
  /** `operationId` of the OpenAPI document. */
  id: string;
  summary: string;
  description?: string;
  scope: AccessScope;
  /** Class of the query string; by default one with the parameters that every operation takes. */
  query?: Type<TenantQuery>;
  /** Class of the body; a POST without one takes none but `{}`, anything else leaves it unread. */
  body?: Type<object>;
  /** Bodies to try it with; Swagger UI starts with the first. Needed only where the properties' examples do not do. */
  examples?: RequestExamples;
  maxBodyBytes?: number;
  /** Takes an `Idempotency-Key`. */
  idempotent?: boolean;
  /** Takes `If-None-Match` (a read of one thing) or `If-Match` (a change of one). */
  conditional?: 'read' | 'write';
  status?: 200 | 201 | 202 | 204;
  /** When a POST that creates answers 200 with what is there already. */
  existing?: string;
  response?: Type<unknown>;
  /** An answer that is sent while it is made: in place of `response`, or for who accepts it instead. */
  stream?: StreamDocs;
  /** Beside those that every operation of its kind can answer. */
  problems?: readonly ProblemDocs[];
}

/**
 * The one place that says what an operation is: its documentation, its input classes, its scope, its status and how
 * often it may be carried out. Beside it a handler has its method and path, and one line.
 */
export function Operation({
  query = TenantQuery,
  maxBodyBytes = MAX_BODY_BYTES,
  idempotent = false,
  status = 200,
  ...options
}: OperationOptions): MethodDecorator {
  return applyDecorators(
    RequireScope(options.scope),
    Takes({ query, body: options.body, maxBodyBytes, headers: idempotent ? [IDEMPOTENCY_KEY] : [] }),
    ...(idempotent ? [UseGuards(IdempotencyKeyGuard)] : []),
    HttpCode(status),
    describeOperation({ ...options, query, idempotent, status }),
  );
}
