import { existsSync, readFileSync } from 'node:fs';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

const MAX_CONNECTIONS = 12_000;
/** What the process keeps for files and connections of its own. */
const SPARE_FILES = 200;
/** Requests that a client may have sent before the one under way is answered. */
const MAX_PIPELINED = 16;
/** A client that has taken nothing of what waits for it for so long is cut off. */
const STALLED_MS = 30_000;
/** What waits to be sent, of all connections; beyond, those that hold most of it are cut off. */
const MAX_UNSENT_BYTES = 128 * 1024 * 1024;
const SWEEP_INTERVAL_MS = 500;

interface Connection {
  isUnderWay: boolean;
  isSending: boolean;
  readonly waiting: [IncomingMessage, ServerResponse][];
}

/**
 * Bounds what connections may cost. One request of a connection is under way at a time; beyond the bound on connections
 * the one that has been idle longest is closed, so that newcomers are served; whoever does not read is cut off.
 */
export function boundConnections(
  server: Server,
  { maxConnections = Math.min(MAX_CONNECTIONS, openFiles() - SPARE_FILES), stalledMs = STALLED_MS } = {},
): void {
  const connections = new Map<Socket, Connection>();
  /** The one that has been idle longest first. */
  const idle = new Set<Socket>();
  const handlers = server.listeners('request');

  server.on('connection', (socket: Socket) => {
    connections.set(socket, { isUnderWay: false, isSending: false, waiting: [] });
    idle.add(socket);
    socket.once('close', () => {
      connections.delete(socket);
      idle.delete(socket);
    });
    if (connections.size <= maxConnections) return;
    const [oldest = socket] = idle;
    oldest.destroy();
  });

  server.removeAllListeners('request');
  server.on('request', (request, response) => {
    const connection = connections.get(request.socket);
    if (!connection || request.socket.destroyed) return;
    if (!connection.isUnderWay) {
      start(connection, request, response);
    } else if (connection.waiting.length < MAX_PIPELINED) {
      connection.waiting.push([request, response]);
      request.socket.pause();
    } else {
      request.socket.destroy();
    }
  });

  function start(connection: Connection, request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    connection.isUnderWay = true;
    idle.delete(socket);
    response.once('close', () => {
      connection.isUnderWay = false;
      if (socket.destroyed) return;
      const next = connection.waiting.shift();
      if (next) {
        start(connection, ...next);
        return;
      }
      idle.add(socket);
      socket.resume();
    });
    for (const handle of handlers) Reflect.apply(handle, server, [request, response]);
  }

  const sweep = setInterval(() => {
    let unsent = 0;
    const sending: Socket[] = [];
    for (const [socket, connection] of connections) {
      const isSending = socket.writableLength > 0;
      if (isSending) sending.push(socket);
      unsent += socket.writableLength;
      // The time-out of a socket begins anew when something of what waits was taken.
      if (isSending !== connection.isSending && connection.isUnderWay)
        socket.setTimeout(isSending ? stalledMs : 0);
      connection.isSending = isSending;
    }
    if (unsent <= MAX_UNSENT_BYTES) return;
    for (const socket of sending.sort((a, b) => b.writableLength - a.writableLength)) {
      if (unsent <= MAX_UNSENT_BYTES) return;
      unsent -= socket.writableLength;
      socket.destroy();
    }
  }, SWEEP_INTERVAL_MS).unref();
  server.once('close', () => clearInterval(sweep));
}

/** How many files the process may have open, where the system tells. */
function openFiles(): number {
  if (!existsSync(LIMITS)) return Infinity;
  const [, soft] = /^Max open files +(\d+)/m.exec(readFileSync(LIMITS, 'utf8')) ?? [];
  return soft === undefined ? Infinity : Number(soft);
}

const LIMITS = '/proc/self/limits';
