import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { DomainError } from '../common/errors/domain-error.js';
import { hangUpWith } from './client-error.js';
import { headerLines } from './header-lines.js';

const ORIGIN = /^https?:\/\/[^/?#]*/i;

/** Lets requests that Node would answer by itself, without a problem, be answered as all others are. */
export function answerUnusualRequests(fastify: FastifyInstance): void {
  const { server } = fastify;
  for (const event of ['checkContinue', 'checkExpectation'])
    server.on(event, (request, response) => server.emit('request', request, response));
  server.on('connect', (_request, socket) => {
    hangUpWith(
      new DomainError('malformed_request', 'This server is no proxy: nothing to CONNECT to.'),
      socket,
      fastify.publicUrl,
    );
  });
  fastify.addHook('onRequest', (request, _reply, done) => done(faultOf(request)));
}

function faultOf({ headers, raw }: FastifyRequest): DomainError | undefined {
  // Node drops all but the first, where a proxy in front may have gone by the last.
  const hosts = headerLines('host', raw.rawHeaders).length;
  if (hosts > 1 || (hosts === 0 && raw.httpVersion !== '1.0'))
    return new DomainError('malformed_request', 'There has to be one header Host.');
  if (headers.expect !== undefined && headers.expect.toLowerCase() !== '100-continue')
    return new DomainError('malformed_request', 'The only thing to Expect is 100-continue.');
  return undefined;
}

/**
 * The target of a request as the router reads it: a proxy may name the origin too (RFC 9112, 3.2.2). The server as a
 * whole (`*`, 3.2.4) becomes a path that nothing has: no hook would see what the router cannot look up.
 */
export function originForm({ url = '/' }: Pick<IncomingMessage, 'url'>): string {
  if (url.startsWith('/')) return url;
  if (url === '*') return '/*';
  return url.replace(ORIGIN, '').replace(/^(?=$|\?)/, '/');
}
