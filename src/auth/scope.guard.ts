import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import type { AccessScope } from '../identity/principal.js';
import { PUBLIC, REQUIRED_SCOPE } from './decorators.js';
import { assertScope } from './insufficient-scope.js';
import { principalOf } from './request-principal.js';

/** May the credential do this at all? A route that requires no scope and is not public is refused to everybody. */
@Injectable()
export class ScopeGuard implements CanActivate {
  constructor(@Inject(Reflector) private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    const targets = [context.getHandler(), context.getClass()];
    if (this.reflector.getAllAndOverride<boolean>(PUBLIC, targets)) return true;
    const principal = principalOf(context.switchToHttp().getRequest<FastifyRequest>());
    const required = this.reflector.getAllAndOverride<AccessScope | undefined>(REQUIRED_SCOPE, targets);
    assertScope(principal, required);
    return true;
  }
}
