import type { FastifyInstance } from 'fastify';
import { noneMatchNames } from './precondition.js';
import { Resource } from './resource.js';

/**
 * Gives answers that are one thing the headers that belong to it: `ETag`, and `Location` when it was just created. A
 * GET whose `If-None-Match` names the tag is answered with 304.
 */
export function sendResourceHeaders(fastify: FastifyInstance): void {
  fastify.addHook('preSerialization', (request, reply, payload, done) => {
    if (!(payload instanceof Resource)) return done(null, payload);
    void reply.header('etag', payload.etag());
    if (reply.statusCode === 201) void reply.header('location', payload.path());
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (isRead && noneMatchNames(request.headers['if-none-match'] ?? '', payload.etag()))
      void reply.code(304);
    return done(null, payload);
  });
  fastify.addHook('onSend', (request, reply, payload, done) => {
    if (reply.statusCode !== 304) return done(null, payload);
    void reply.removeHeader('content-type');
    // From the payload of a HEAD Fastify takes the length.
    return done(null, request.method === 'HEAD' ? payload : null);
  });
}
