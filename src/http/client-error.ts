import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Logger } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';
import { problemOf } from './problem-details.filter.js';
import { DomainError } from '../common/errors/domain-error.js';
import { newId } from '../common/ids.js';
import { LogBudget } from '../common/log-budget.js';
import { SECURITY_HEADERS } from './security-headers.js';

const LINGER_MS = 1_000;
const logger = new Logger('ClientError');
const LINES = new LogBudget(10, (omitted) => logger.log({ omitted }, 'more requests'));

/** Answers bytes that are no HTTP request, which no route and no filter ever sees, and hangs up. */
export function answerClientError(this: FastifyInstance, error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  hangUpWith(asProblem(error.code), socket, this.publicUrl);
}

/** Answers where there is no request and no reply to answer with, and hangs up. */
export function hangUpWith(error: DomainError, socket: Duplex, publicUrl: string): void {
  const requestId = newId();
  const { status, title, ...problem } = problemOf(error, publicUrl);
  socket.on('error', () => socket.destroy());
  // Time to read the answer; a client that does not hang up in turn would keep the connection for ever.
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
  if (LINES.take()) logger.log({ request_id: requestId, status, code: error.code }, 'request');
  const body = JSON.stringify({ title, ...problem, status, instance: '/', request_id: requestId });
  socket.end(
    [
      `HTTP/1.1 ${status} ${title}`,
      'Content-Type: application/problem+json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      `X-Request-Id: ${requestId}`,
      ...Object.entries(SECURITY_HEADERS).map(([name, value]) => `${name}: ${value}`),
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );
}

function asProblem(code: string | undefined): DomainError {
  if (code === 'HPE_HEADER_OVERFLOW')
    return new DomainError('header_fields_too_large', 'The headers have more than 16 KiB.');
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return new DomainError('request_timeout', 'The request took too long to arrive.');
  return new DomainError('malformed_request', 'This is no valid HTTP request.');
}
