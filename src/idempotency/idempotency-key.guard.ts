import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { scopeOf } from '../tenancy/request-scope.js';
import { keyedRequest } from './idempotency-key.js';

/** Reads the Idempotency-Key of a request into the scope that goes with its write. */
@Injectable()
export class IdempotencyKeyGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const scope = scopeOf(request);
    scope.request.key = keyedRequest(scope, request);
    return true;
  }
}
