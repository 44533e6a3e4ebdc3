import { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { hasBody } from './body.js';

const MAX_DRAINED_BYTES = 64 * 1024;
/** Time to read the answer, before the connection is closed under what the client still sends. */
const LINGER_MS = 1_000;
/** Answers to who may send a body, but not this one. */
const OF_THE_BODY: ReadonlySet<number> = new Set([413, 415]);

/**
 * Deals with bodies that are not read. A client that is still sending does not read yet, and the answer is lost to it
 * when the connection is closed under it: so up to 64 KiB are received and thrown away, and of a body that is refused
 * for what it is, all of it, for as long as a request may take.
 */
export function drainUnreadBodies(fastify: FastifyInstance): void {
  fastify.addHook('onSend', (request, reply, payload, done) => {
    const { complete, socket } = request.raw;
    // A request that is injected has no connection to close.
    if (hasBody(request.headers) && !complete && socket instanceof Socket) drain(request, reply);
    done(null, payload);
  });
}

function drain({ headers, raw }: FastifyRequest, reply: FastifyReply): void {
  if (headers.expect !== undefined && raw.readableFlowing === null) {
    // It was never told to send it, and what it sends next could be either.
    void reply.header('connection', 'close');
    return;
  }
  if (OF_THE_BODY.has(reply.statusCode)) {
    raw.resume();
    return;
  }
  let drained = 0;
  raw.on('data', (chunk: Buffer) => {
    drained += chunk.length;
    if (drained <= MAX_DRAINED_BYTES) return;
    raw.pause();
    if (reply.raw.writableFinished) hangUp(raw);
    else reply.raw.once('finish', () => hangUp(raw));
  });
  raw.resume();
}

function hangUp({ socket }: FastifyRequest['raw']): void {
  socket.end();
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}
