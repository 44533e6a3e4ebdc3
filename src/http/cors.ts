import type { FastifyInstance } from 'fastify';

const EXPOSED =
  'ETag, Location, Idempotency-Replayed, Retry-After, X-Request-Id, RateLimit, RateLimit-Policy';
const ALLOWED =
  'Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, X-API-Key, X-Request-Id, Traceparent, Tracestate';
const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE';
const MAX_AGE_SECONDS = '7200';

/**
 * Lets web pages of these origins (`*`: of any) call the API, never with cookies (https://fetch.spec.whatwg.org, CORS
 * protocol). A preflight is answered here with 204, whatever its path, as nobody may ask it for a credential.
 */
export function allowOrigins(fastify: FastifyInstance, origins: readonly string[]): void {
  const isAny = origins.includes('*');
  fastify.addHook('onRequest', (request, reply, done) => {
    const { origin } = request.headers;
    // A cache has to keep one answer for each.
    if (!isAny) void reply.header('vary', 'Origin');
    if (origin === undefined || !(isAny || origins.includes(origin))) return done();
    void reply.headers({
      'access-control-allow-origin': isAny ? '*' : origin,
      'access-control-expose-headers': EXPOSED,
    });
    if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined)
      return done();
    void reply
      .code(204)
      .headers({
        'access-control-allow-methods': METHODS,
        'access-control-allow-headers': ALLOWED,
        'access-control-max-age': MAX_AGE_SECONDS,
      })
      .send();
  });
}
