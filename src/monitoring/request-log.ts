import { context } from '@opentelemetry/api';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import { isUuid } from '../common/ids.js';
import { isJsonObject } from '../common/json/json-value.js';
import { LogBudget } from '../common/log-budget.js';
import type { Metrics } from './metrics.js';

/** Lines a second for requests of nobody; those with a valid credential always have theirs. */
const LINES_OF_NOBODY = 50;

/** Logs and counts every request once, when it is answered. Never a body, a query string or a credential. */
export function logRequests(fastify: FastifyInstance, logger: Logger, metrics: Metrics): void {
  const ofNobody = new LogBudget(LINES_OF_NOBODY, (omitted) => logger.info({ omitted }, 'more requests'));
  fastify.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'none';
    const { method, id, failure, principal } = request;
    const { statusCode: status, elapsedTime } = reply;
    metrics.request(method, route, status, elapsedTime / 1000);
    if (!principal && !ofNobody.take()) return done();
    const line = {
      request_id: id,
      method,
      route,
      status,
      duration_ms: Math.round(elapsedTime * 100) / 100,
      code: request.problem,
      tenant_id: request.scope?.tenantId,
      ...(method !== 'GET' && method !== 'HEAD' && whoAndWhat(request, reply)),
      ...(failure?.reason !== undefined && { reason: failure.reason }),
      ...(request.problem === 'unauthenticated' && { client: request.ip }),
    };
    const write = () => logger.info(line, 'request');
    if (request.traced) context.with(request.traced.context, write);
    else write();
    return done();
  });
}

/** Of a write: who did it, and the ids of what it was done to. An id that is none may be anything, and is left out. */
function whoAndWhat(request: FastifyRequest, reply: FastifyReply) {
  const ids = isJsonObject(request.params) ? Object.entries(request.params) : [];
  ids.push(['created_id', String(reply.getHeader('location')).split('/').at(-1)]);
  return {
    principal: request.principal?.id,
    ...Object.fromEntries(ids.filter(([, id]) => typeof id === 'string' && isUuid(id))),
  };
}
