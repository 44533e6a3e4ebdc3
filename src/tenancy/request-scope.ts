import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { TenantScope } from '../identity/tenant-scope.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** What the request may touch; undefined before the TenantGuard, and on public routes. */
    scope: TenantScope | undefined;
  }
}

/** What the request may touch. Throws when the TenantGuard has not run, which is a bug. */
export function scopeOf({ scope }: FastifyRequest): TenantScope {
  if (!scope) throw new Error('The TenantGuard has not run.');
  return scope;
}

/** Parameter decorator: the TenantScope of the request. */
export const Tenant = createParamDecorator((_: unknown, context: ExecutionContext): TenantScope =>
  scopeOf(context.switchToHttp().getRequest<FastifyRequest>()),
);
