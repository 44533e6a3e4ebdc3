import { METHODS } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { DomainError } from '../common/errors/domain-error.js';
import { isJsonObject } from '../common/json/json-value.js';

/**
 * Watches which methods each path gets, so that `answerOtherMethods` can refuse the rest. Call before any route. Fastify
 * reads the body of no method: the InputGuard does, when it is known who sends it.
 */
export function methodsByPath(fastify: FastifyInstance): Map<string, Set<string>> {
  for (const method of METHODS) {
    if (method !== 'CONNECT') fastify.addHttpMethod(method, { hasBody: false, overrideExisting: true });
  }
  const methods = new Map<string, Set<string>>();
  fastify.addHook('onRoute', ({ url, method }) => {
    const known = methods.get(url) ?? new Set();
    for (const one of [method].flat()) known.add(one);
    methods.set(url, known);
  });
  return methods;
}

/**
 * Answers every other method of a known path with 405 and `Allow`, and every unknown path with 404: before a body is
 * looked at, whose faults would be beside the point. Call after the last route.
 */
export function answerOtherMethods(
  fastify: FastifyInstance,
  methods: ReadonlyMap<string, ReadonlySet<string>>,
): void {
  fastify.addHook('onRequest', (request, _reply, done) => {
    done(request.is404 ? routeNotFound() : undefined);
  });
  for (const [url, known] of [...methods]) {
    const allow = [...known].join(', ');
    const refuse = ({ params }: FastifyRequest) => {
      // The router takes an empty segment for a parameter, which no operation does.
      if (isJsonObject(params) && Object.values(params).includes('')) throw routeNotFound();
      throw new DomainError('method_not_allowed', `This path has ${allow}.`, { headers: { allow } });
    };
    fastify.route({
      url,
      method: fastify.supportedMethods.filter((method) => !known.has(method)),
      onRequest: refuse,
      handler: refuse,
    });
  }
}

const routeNotFound = (): DomainError => new DomainError('route_not_found', 'No operation has this path.');
