import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { TenantScope } from '../identity/tenant-scope.js';

const scopes = new WeakMap<FastifyRequest, TenantScope>();

/** Remembers what a request may touch; for the TenantGuard. */
export const setScope = (request: FastifyRequest, scope: TenantScope): void =>
  void scopes.set(request, scope);

/** What the request may touch; undefined for a public route. */
export const findScope = (request: FastifyRequest): TenantScope | undefined => scopes.get(request);

/** What the request may touch. Throws when the TenantGuard has not run, which is a bug. */
export function scopeOf(request: FastifyRequest): TenantScope {
  const scope = findScope(request);
  if (!scope) throw new Error('The TenantGuard has not run.');
  return scope;
}

/** Parameter decorator: the TenantScope of the request. */
export const Tenant = createParamDecorator((_: unknown, context: ExecutionContext): TenantScope =>
  scopeOf(context.switchToHttp().getRequest<FastifyRequest>()),
);
