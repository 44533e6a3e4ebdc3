import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { PUBLIC } from '../auth/decorators.js';
import { principalOf } from '../auth/request-principal.js';
import { type Fault, ValidationFailed } from '../common/errors/domain-error.js';
import { inputsOf } from '../http/inputs.js';
import { readQuery } from '../http/validation/read-input.js';
import { requestedScope } from './requested-scope.js';

/** Whose data may this request touch? Decided here, once. */
@Injectable()
export class TenantGuard implements CanActivate {
  constructor(@Inject(Reflector) private readonly reflector: Reflector) {}

  canActivate(context: ExecutionContext): boolean {
    if (this.reflector.getAllAndOverride<boolean>(PUBLIC, [context.getHandler(), context.getClass()]))
      return true;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    try {
      request.scope = requestedScope(principalOf(request), request.query, request.id);
      return true;
    } catch (error) {
      if (error instanceof ValidationFailed) throw this.#withAllOfQuery(error, context, request.query);
      throw error;
    }
  }

  /** A client is told all faults of its query at once. */
  #withAllOfQuery(error: ValidationFailed, context: ExecutionContext, query: unknown): ValidationFailed {
    const inputs = inputsOf(this.reflector, context);
    const faults: Fault[] = [];
    if (inputs) readQuery(inputs.query, query, faults);
    return faults.length > 0 ? new ValidationFailed(faults) : error;
  }
}
