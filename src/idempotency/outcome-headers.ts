import type { FastifyInstance } from 'fastify';

/**
 * Says how a write came out: 200 in place of 201 where nothing had to be made, and `Idempotency-Replayed` where an
 * earlier request with the same key had done it.
 */
export function sendOutcome(fastify: FastifyInstance): void {
  fastify.addHook('onSend', (request, reply, payload, done) => {
    const outcome = request.scope?.request.outcome;
    if (outcome?.isReplay && reply.statusCode < 400) void reply.header('idempotency-replayed', 'true');
    if (outcome?.isNew === false && reply.statusCode === 201) void reply.code(200);
    done(null, payload);
  });
}
