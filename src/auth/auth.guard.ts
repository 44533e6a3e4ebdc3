import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { DomainError } from '../common/errors/domain-error.js';
import { Authenticator } from './authenticator.js';
import { PUBLIC, REQUIRED_SCOPE } from './decorators.js';
import type { AccessScope } from '../identity/principal.js';
import { setPrincipal } from './request-principal.js';

/** Who sends this request, and may they do this at all? Closed unless the route says `@Public()`. */
@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    @Inject(Reflector) private readonly reflector: Reflector,
    private readonly authenticator: Authenticator,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const targets = [context.getHandler(), context.getClass()];
    if (this.reflector.getAllAndOverride<boolean>(PUBLIC, targets)) return true;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const principal = await this.authenticator.authenticate(request.raw.rawHeaders);
    const required = this.reflector.getAllAndOverride<AccessScope | undefined>(REQUIRED_SCOPE, targets);
    if (!required || !principal.scopes.has(required)) {
      throw new DomainError(
        'insufficient_scope',
        `The credential lacks the scope ${required ?? 'of this operation'}.`,
      );
    }
    setPrincipal(request, principal);
    return true;
  }
}
