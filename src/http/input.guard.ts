import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Fault, ValidationFailed } from '../common/errors/domain-error.js';
import { parseBody } from './body-parser.js';
import { receiveBody } from './body.js';
import { type HeaderInput, inputsOf } from './inputs.js';
import { readBody, readQuery } from './validation/read-input.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** The body as JSON, before it became a DTO; undefined without one. */
    json: unknown;
  }
}

/**
 * Is the request what the operation takes? The last guard, so that no byte of a body is read for somebody who is
 * refused; from here on `request.query` and `request.body` are DTOs. A client is told all faults of a request at once.
 */
@Injectable()
export class InputGuard implements CanActivate {
  constructor(@Inject(Reflector) private readonly reflector: Reflector) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const inputs = inputsOf(this.reflector, context);
    if (!inputs) return true;
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const faults: Fault[] = inputs.headers.flatMap((header) => faultsOf(request, header));
    request.query = readQuery(inputs.query, request.query, faults);
    if (inputs.body) {
      const body = await receiveBody(request, http.getResponse<FastifyReply>(), inputs.maxBodyBytes);
      request.json = body && parseBody(body);
      request.body = readBody(inputs.body, request.json, faults);
    }
    if (faults.length > 0) throw new ValidationFailed(faults);
    return true;
  }
}

function faultsOf({ headers }: FastifyRequest, { name, isValid, rule }: HeaderInput): Fault[] {
  const value = headers[name.toLowerCase()];
  if (value === undefined || (typeof value === 'string' && isValid(value))) return [];
  return [{ detail: rule, parameter: name }];
}
