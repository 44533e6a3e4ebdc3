import type { FastifyInstance } from 'fastify';
import type { Health } from './health.js';

/** While the service stops, each answer ends its connection: one that is kept alive would keep the process alive. */
export function endConnectionsWhenStopping(fastify: FastifyInstance, health: Health): void {
  fastify.addHook('onSend', (_request, reply, payload, done) => {
    if (health.isShuttingDown) void reply.header('connection', 'close');
    done(null, payload);
  });
}
