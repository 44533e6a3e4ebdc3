import type { FastifyRequest } from 'fastify';
import type { Principal } from '../identity/principal.js';

const principals = new WeakMap<FastifyRequest, Principal>();

/** Remembers who sends a request; for the AuthGuard. */
export const setPrincipal = (request: FastifyRequest, principal: Principal): void =>
  void principals.set(request, principal);

/** Who sends the request. Throws when the AuthGuard has not run, which is a bug. */
export function principalOf(request: FastifyRequest): Principal {
  const principal = principals.get(request);
  if (!principal) throw new Error('The AuthGuard has not run.');
  return principal;
}
