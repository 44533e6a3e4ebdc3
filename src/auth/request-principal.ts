import type { FastifyRequest } from 'fastify';
import type { Principal } from '../identity/principal.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who sends the request; undefined before the AuthGuard, and on public routes. */
    principal: Principal | undefined;
  }
}

/** Who sends the request. Throws when the AuthGuard has not run, which is a bug. */
export function principalOf({ principal }: FastifyRequest): Principal {
  if (!principal) throw new Error('The AuthGuard has not run.');
  return principal;
}
