import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { TenantScope } from '../identity/tenant-scope.js';

/** What the request may touch. Throws when the TenantGuard has not run, which is a bug. */
export function scopeOf({ scope }: FastifyRequest): TenantScope {
  if (!scope) throw new Error('The TenantGuard has not run.');
  return scope;
}

/** Parameter decorator: the TenantScope of the request. */
export const Tenant = createParamDecorator((_: unknown, context: ExecutionContext): TenantScope =>
  scopeOf(context.switchToHttp().getRequest<FastifyRequest>()),
);
