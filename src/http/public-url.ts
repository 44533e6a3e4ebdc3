import type { FastifyInstance } from 'fastify';

declare module 'fastify' {
  interface FastifyInstance {
    /** Stands before every path of the service that a client is told; empty where they are told paths only. */
    publicUrl: string;
  }
}

/** Tells clients where the service is for them, behind whatever strips a prefix of its paths. */
export function tellPublicUrl(fastify: FastifyInstance, publicUrl: string): void {
  fastify.decorate('publicUrl', publicUrl);
  if (publicUrl === '') return;
  fastify.addHook('onSend', (_request, reply, payload, done) => {
    const location = reply.getHeader('location');
    if (typeof location === 'string' && location.startsWith('/'))
      void reply.header('location', publicUrl + location);
    done(null, payload);
  });
}
