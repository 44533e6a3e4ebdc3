import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyInstance, RouteOptions } from 'fastify';

export const MAX_BODY_BYTES = 2 * 1024 * 1024;
export const MAX_BATCH_BODY_BYTES = 8 * 1024 * 1024;

/** Method decorator: how large the body of this operation may be, if not as large as any. */
export const BodyLimit = (maxBytes: number) => RouteConfig({ maxBodyBytes: maxBytes });

/** For Fastify's `onRoute` hook: carries out what `@BodyLimit()` says. */
export function applyBodyLimit(route: RouteOptions): void {
  const config: unknown = route.config;
  if (typeof config !== 'object' || config === null || !('maxBodyBytes' in config)) return;
  if (typeof config.maxBodyBytes === 'number') route.bodyLimit = config.maxBodyBytes;
}

/**
 * A client that is still sending does not read yet, and the answer is lost to it when the connection is closed
 * under it. So the rest of a body that is too large is received and thrown away, for as long as a request may take.
 */
export function receiveWhatIsTooLarge(fastify: FastifyInstance): void {
  fastify.addHook('onSend', (request, reply, payload, done) => {
    if (reply.statusCode === 413) {
      reply.removeHeader('connection');
      request.raw.resume();
    }
    done(null, payload);
  });
}
