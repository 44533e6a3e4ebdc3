import { context } from '@opentelemetry/api';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Metrics } from './metrics.js';

/** Logs and counts every request once, when it is answered. Never a body, a query string or a credential. */
export function logRequests(fastify: FastifyInstance, logger: Logger, metrics: Metrics): void {
  fastify.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'none';
    const { method, id } = request;
    const { statusCode: status, elapsedTime } = reply;
    metrics.request(method, route, status, elapsedTime / 1000);
    const line = {
      request_id: id,
      method,
      route,
      status,
      duration_ms: Math.round(elapsedTime * 100) / 100,
      tenant_id: request.scope?.tenantId,
    };
    const write = () => logger.info(line, 'request');
    if (request.traced) context.with(request.traced.context, write);
    else write();
    done();
  });
}
