import type { FastifyReply, FastifyRequest } from 'fastify';
import { DomainError } from '../common/errors/domain-error.js';
import { sendProblem } from './problem-details.filter.js';

/** Answers a path that the router cannot read (wrong percent-encoding, an endless segment). No hook sees these. */
export function answerUnroutable(_error: Error, request: FastifyRequest, reply: FastifyReply): void {
  void reply.header('x-request-id', request.id);
  sendProblem(request, reply, new DomainError('route_not_found', 'No operation has this path.'));
}
