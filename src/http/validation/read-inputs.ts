import type { ExecutionContext } from '@nestjs/common';
import { ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import type { FastifyRequest } from 'fastify';
import { type Fault, ValidationFailed } from '../../common/errors/domain-error.js';
import { readBody, readQuery } from './read-input.js';

type Dto = new () => object;
interface Inputs {
  query: Dto | undefined;
  body: Dto | undefined;
}

const inputsByHandler = new WeakMap<object, Inputs>();

/**
 * Reads the query and the body of a request as the DTO classes of the handler's `@Query()` and `@Body()` parameters.
 * Throws ValidationFailed with the faults of both, behind those that were found elsewhere.
 */
export function readInputs(context: ExecutionContext, faults: Fault[] = []): void {
  const { query, body } = inputsOfHandler(context);
  const request = context.switchToHttp().getRequest<FastifyRequest>();
  if (query) request.query = readQuery(query, request.query, faults);
  if (body) request.body = readBody(body, request.body, faults);
  if (faults.length > 0) throw new ValidationFailed(faults);
}

function inputsOfHandler(context: ExecutionContext): Inputs {
  const handler = context.getHandler();
  const known = inputsByHandler.get(handler);
  if (known) return known;
  const inputs = inputsOf(context.getClass(), handler.name);
  inputsByHandler.set(handler, inputs);
  return inputs;
}

/** The DTO classes of a handler's parameters, from what the decorators of Nest and the compiler left on the class. */
function inputsOf(Controller: Dto, method: string): Inputs {
  const types: unknown = Reflect.getMetadata('design:paramtypes', prototypeOf(Controller), method);
  const parameters: unknown = Reflect.getMetadata(ROUTE_ARGS_METADATA, Controller, method);
  const typeOf = (kind: RouteParamtypes): Dto | undefined => {
    for (const [key, parameter] of Object.entries(parameters ?? {})) {
      const type: unknown =
        Array.isArray(types) && isParameter(parameter) ? types[parameter.index] : undefined;
      if (key.startsWith(`${kind}:`) && isClass(type)) return type;
    }
    return undefined;
  };
  return { query: typeOf(RouteParamtypes.QUERY), body: typeOf(RouteParamtypes.BODY) };
}

const prototypeOf = ({ prototype }: { prototype: object }): object => prototype;

const isClass = (value: unknown): value is Dto => typeof value === 'function';

const isParameter = (value: unknown): value is { index: number } =>
  typeof value === 'object' && value !== null && 'index' in value && typeof value.index === 'number';
