import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DomainError } from '../common/errors/domain-error.js';
import { RepeatedFailures } from './repeated-failures.js';
import { type ProblemCode, PROBLEMS } from '../common/errors/problems.js';
import { BASE_PATH } from './resource.js';

/** A problem document (RFC 9457) for an error, with the members that need no request; types begin with `publicUrl`. */
export function problemOf(
  error: DomainError,
  publicUrl: string,
): Record<string, unknown> & { status: number; title: string } {
  const { status, title } = PROBLEMS[error.code];
  return {
    type: `${publicUrl}/problems/${error.code}`,
    title,
    status,
    detail: error.message,
    code: error.code,
    ...error.members,
    ...(error.faults && { errors: error.faults }),
  };
}

/** What the framework's own failures (of the router) mean in the catalogue, by their HTTP status. */
const FRAMEWORK_PROBLEMS: Partial<Record<number, { code: ProblemCode; detail: string }>> = {
  404: { code: 'route_not_found', detail: 'No operation has this path.' },
};

function statusOf(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  if (error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number')
    return error.statusCode;
  return undefined;
}

function asDomainError(error: unknown): DomainError {
  if (error instanceof DomainError) return error;
  const status = statusOf(error) ?? 500;
  const known = FRAMEWORK_PROBLEMS[status];
  if (known) return new DomainError(known.code, known.detail, { cause: error });
  return status >= 400 && status < 500
    ? new DomainError('malformed_request', 'The request cannot be answered as it is.', { cause: error })
    : new DomainError('internal_error', 'The service failed; its log says why.', { cause: error });
}

@Catch()
export class ProblemDetailsFilter implements ExceptionFilter {
  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    answerFailure(thrown, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }
}

const logger = new Logger(ProblemDetailsFilter.name);
const repeated = new RepeatedFailures();

/** Answers a request that failed. */
export type SendFailure = (request: FastifyRequest, reply: FastifyReply, error: DomainError) => void;

declare module 'fastify' {
  interface FastifyContextConfig {
    sendFailure?: SendFailure;
  }
}

/**
 * Class decorator: the routes of this controller answer failures in a form of their own, for clients of another API,
 * and not as problem documents.
 */
export const FailuresAs =
  (sendFailure: SendFailure) =>
  ({ prototype }: { prototype: object }): void => {
    for (const descriptor of Object.values(Object.getOwnPropertyDescriptors(prototype)))
      if (typeof descriptor.value === 'function') RouteConfig({ sendFailure })(descriptor.value);
  };

/**
 * The one place where a failure becomes an answer: a problem document with the status of its code. A fault of the
 * service (5xx) is logged here, once, with its cause.
 */
export function answerFailure(thrown: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const error = asDomainError(thrown);
  request.problem = error.code;
  request.failure = error;
  if (PROBLEMS[error.code].status >= 500 && !repeated.has(error))
    logger.error({ request_id: request.id, code: error.code, err: error.cause ?? error }, error.message);
  const send = request.routeOptions.config.sendFailure ?? sendProblem;
  send(request, reply, error);
}

/** So much of what was sent is repeated in an answer. */
const MAX_REPEATED = 200;

/** The whole problem document of a request. */
function problemDocument(
  request: FastifyRequest,
  error: DomainError,
): Record<string, unknown> & { status: number } {
  const [path = '/'] = request.url.split('?');
  const instance = path.slice(0, MAX_REPEATED);
  return { ...problemOf(error, request.server.publicUrl), instance, request_id: request.id };
}

/** Answers a request with the problem document of `error`. */
export function sendProblem(request: FastifyRequest, reply: FastifyReply, error: DomainError): void {
  request.problem = error.code;
  const problem = problemDocument(request, error);
  void reply
    .code(problem.status)
    .headers({ ...error.headers, ...(error.location && { location: BASE_PATH + error.location }) })
    .type('application/problem+json')
    .send(Buffer.from(JSON.stringify(problem)));
}
