import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DomainError, type Fault, ValidationFailed } from '../common/errors/domain-error.js';
import { Turns } from '../common/turns.js';
import { parseBody } from './body-parser.js';
import { hasBody, receiveBody } from './body.js';
import { type HeaderInput, type Inputs, inputsOf } from './inputs.js';
import { readBody, readQuery } from './validation/read-input.js';

/** Bytes of bodies that are more than small and received at the same time, or wait to be read. */
const MAX_BYTES_IN_FLIGHT = 32 * 1024 * 1024;
/** Larger ones are read one after the other, and others get their turn in between. */
const READ_ALONE_BYTES = 1024 * 1024;
/** Of a body where none is taken, as far as what is in it can be named. */
const MAX_REFUSED_BYTES = 16 * 1024;
const WAITING = { maxWaiting: 100, maxWaitMs: 10_000 };

/**
 * Is the request what the operation takes? The last guard, so that no byte of a body is read for somebody who is
 * refused; from here on `request.query` and `request.body` are DTOs. A client is told all faults of a request at once.
 */
@Injectable()
export class InputGuard implements CanActivate {
  readonly #room = new Turns({
    ...WAITING,
    capacity: MAX_BYTES_IN_FLIGHT,
    detail: 'Too many large bodies arrive at the same time.',
  });
  readonly #reading = new Turns({
    ...WAITING,
    capacity: 1,
    detail: 'Too many large bodies wait to be read.',
  });

  constructor(@Inject(Reflector) private readonly reflector: Reflector) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const inputs = inputsOf(this.reflector, context);
    if (!inputs) return true;
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const faults: Fault[] = inputs.headers.flatMap((header) => faultsOf(request, header));
    request.query = readQuery(inputs.query, request.query, faults);
    const reply = http.getResponse<FastifyReply>();
    if (inputs.body) await this.#readBody(inputs, request, reply, faults);
    else if (request.method === 'POST' && hasBody(request.headers)) await refuseBody(request, reply, faults);
    if (faults.length > 0) throw new ValidationFailed(faults);
    return true;
  }

  /** A large body takes its turn among those of its tenant, for room and then for time. */
  async #readBody(
    inputs: Inputs,
    request: FastifyRequest,
    reply: FastifyReply,
    faults: Fault[],
  ): Promise<void> {
    const tenant = request.scope?.tenantId ?? '';
    const held: (() => void)[] = [];
    try {
      const body = await receiveBody(request, reply, inputs.maxBodyBytes, async (bytes) => {
        const leave = await this.#room.take(tenant, bytes);
        // The client may have gone while it waited.
        if (request.raw.destroyed) leave();
        else held.push(leave);
      });
      if (body && body.length > READ_ALONE_BYTES) held.push(await this.#reading.take(tenant));
      const json = body && parseBody(body);
      if (request.scope) request.scope.request.bytes = body?.length ?? 0;
      if (inputs.body) request.body = readBody(inputs.body, json, faults);
      if (request.headers['idempotency-key'] !== undefined) request.json = json?.canonical();
    } finally {
      if (held.length > 0) setImmediate(() => held.forEach((leave) => leave()));
    }
  }
}

/** A POST that takes no body: whoever sends one with something in it expects something of it. */
async function refuseBody(request: FastifyRequest, reply: FastifyReply, faults: Fault[]): Promise<void> {
  try {
    const body = await receiveBody(request, reply, MAX_REFUSED_BYTES, () => Promise.resolve());
    readBody(Object, body && parseBody(body), faults);
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    faults.push({ detail: 'this operation takes no body', pointer: '' });
  }
}

function faultsOf({ headers }: FastifyRequest, { name, isValid, rule }: HeaderInput): Fault[] {
  const value = headers[name.toLowerCase()];
  if (value === undefined || (typeof value === 'string' && isValid(value))) return [];
  return [{ detail: rule, parameter: name }];
}
