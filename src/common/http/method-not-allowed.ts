import type { FastifyInstance } from 'fastify';
import { DomainError } from '../errors/domain-error.js';

/** Watches which methods each path gets, so that `answerOtherMethods` can refuse the rest. Call before any route. */
export function methodsByPath(fastify: FastifyInstance): Map<string, Set<string>> {
  const methods = new Map<string, Set<string>>();
  fastify.addHook('onRoute', ({ url, method }) => {
    const known = methods.get(url) ?? new Set();
    for (const one of [method].flat()) known.add(one);
    methods.set(url, known);
  });
  return methods;
}

/** Answers every other method of a known path with 405 and `Allow`. Call behind the last route. */
export function answerOtherMethods(
  fastify: FastifyInstance,
  methods: ReadonlyMap<string, ReadonlySet<string>>,
): void {
  for (const [url, known] of [...methods]) {
    const allow = [...known].join(', ');
    fastify.route({
      url,
      method: fastify.supportedMethods.filter((method) => !known.has(method)),
      handler: () => {
        throw new DomainError('method_not_allowed', `This path has ${allow}.`, { headers: { allow } });
      },
    });
  }
}
