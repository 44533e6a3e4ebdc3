import type { FastifyRequest } from 'fastify';
import type { Principal } from '../identity/principal.js';

/** Who sends the request. Throws when the AuthGuard has not run, which is a bug. */
export function principalOf({ principal }: FastifyRequest): Principal {
  if (!principal) throw new Error('The AuthGuard has not run.');
  return principal;
}
