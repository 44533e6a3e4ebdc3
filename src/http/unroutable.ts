import type { FastifyReply, FastifyRequest } from 'fastify';
import { Logger } from '@nestjs/common';
import { DomainError } from '../common/errors/domain-error.js';
import { LogBudget } from '../common/log-budget.js';
import { sendProblem } from './problem-details.filter.js';
import { SECURITY_HEADERS } from './security-headers.js';

const logger = new Logger('Unroutable');
const LINES = new LogBudget(10, (omitted) => logger.log({ omitted }, 'more requests'));

/** Answers a path that the router cannot read (wrong percent-encoding, an endless segment). No hook sees these. */
export function answerUnroutable(_error: Error, request: FastifyRequest, reply: FastifyReply): void {
  void reply.headers({ ...SECURITY_HEADERS, 'x-request-id': request.id });
  if (LINES.take()) logger.log({ request_id: request.id, method: request.method, status: 404 }, 'request');
  sendProblem(request, reply, new DomainError('route_not_found', 'No operation has this path.'));
}
