import type { FastifyInstance } from 'fastify';
import { DomainError } from '../common/errors/domain-error.js';
import { isLoopback } from '../common/loopback.js';

/**
 * Lets in only what was sent to this machine by its own name, and by no web page but one of this machine or of `origins`:
 * a page from elsewhere could point its name here (DNS rebinding) or send a form.
 */
export function admitLocalOnly(fastify: FastifyInstance, origins: readonly string[]): void {
  fastify.addHook('onRequest', ({ headers }, _reply, done) => {
    const { host, origin } = headers;
    const isLocal = host === undefined || isLoopback(hostnameOf(`http://${host}`));
    const isOwnPage = origin === undefined || origins.includes(origin) || isLoopback(hostnameOf(origin));
    done(
      isLocal && isOwnPage
        ? undefined
        : new DomainError(
            'origin_forbidden',
            'In development only this machine is answered, by its own name.',
          ),
    );
  });
}

/** The name of the host in a URL; empty where there is none. */
const hostnameOf = (url: string): string => URL.parse(url)?.hostname ?? '';
