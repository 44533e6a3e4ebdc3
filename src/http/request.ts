import type { FastifyInstance } from 'fastify';
import type { ProblemCode } from '../common/errors/problems.js';
import type { DomainError } from '../common/errors/domain-error.js';
import type { Principal } from '../identity/principal.js';
import type { TenantScope } from '../identity/tenant-scope.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who sends the request; undefined before the AuthGuard, and on public routes. */
    principal: Principal | undefined;
    /** What the request may touch; undefined before the TenantGuard, and on public routes. */
    scope: TenantScope | undefined;
    /** The body as JSON text, of requests that can be repeated by a key; undefined without one. */
    json: string | undefined;
    /** Of the problem that it was answered with. */
    problem: ProblemCode | undefined;
    /** Why the request was not carried out; for the log. */
    failure: DomainError | undefined;
  }
}

/** What the guards find out about a request, for all that comes after them. */
export function decorateRequests(fastify: FastifyInstance): void {
  for (const property of ['principal', 'scope', 'json', 'problem', 'failure'])
    fastify.decorateRequest(property);
}
