// Loaded into each measured server with `--import`: tells what the process has used, when asked. Does nothing else.
import { subscribe } from 'node:diagnostics_channel';
import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import type { Socket } from 'node:net';
import { GCProfiler } from 'node:v8';

export interface Usage {
  cpuMs: number;
  residentBytes: number;
  heapBytes: number;
  /** How often it has waited for an answer of the database; counted where BENCH_COUNT_TRIPS_TO names its port. */
  roundTrips: number;
  /** What was allocated on the JavaScript heap since `count`; an answer to `counted` only. */
  allocatedBytes: number;
}

export type ProbeRequest =
  | { ask: 'usage' }
  | { ask: 'collect' }
  | { ask: 'count' }
  | { ask: 'counted' }
  | { ask: 'profile' }
  | { ask: 'profiled'; file: string };

const databasePort = Number(process.env.BENCH_COUNT_TRIPS_TO ?? 0);
let roundTrips = 0;
let session: Session | undefined;
let collections: GCProfiler | undefined;
let usedBefore = 0;

if (databasePort) {
  // A round trip begins where the process writes after it has read, whatever the driver calls it.
  subscribe('net.client.socket', (message) => {
    const { socket } = message as { socket: Socket };
    // Not before: `connect` gives the socket its own `write` back.
    socket.once('connect', () => {
      if (socket.remotePort === databasePort) countTrips(socket);
    });
  });
}

function countTrips(socket: Socket): void {
  let hasRead = true;
  const write = socket.write.bind(socket) as (...parameters: unknown[]) => boolean;
  socket.write = (...parameters: unknown[]) => {
    if (hasRead) roundTrips += 1;
    hasRead = false;
    return write(...parameters);
  };
  socket.on('data', () => (hasRead = true));
}

/** The heap grows by what is allocated and shrinks only in collections, so the growth between them is all of it. */
function allocatedSince(): number {
  let used = usedBefore;
  let allocated = 0;
  for (const { beforeGC, afterGC } of collections?.stop().statistics ?? []) {
    allocated += beforeGC.heapStatistics.usedHeapSize - used;
    used = afterGC.heapStatistics.usedHeapSize;
  }
  return allocated + process.memoryUsage().heapUsed - used;
}

async function answer(request: ProbeRequest): Promise<Usage> {
  let allocatedBytes = 0;
  if (request.ask === 'collect') globalThis.gc?.();
  if (request.ask === 'count') {
    collections = new GCProfiler();
    collections.start();
    usedBefore = process.memoryUsage().heapUsed;
  }
  if (request.ask === 'counted') allocatedBytes = allocatedSince();
  if (request.ask === 'profile') {
    session = new Session();
    session.connect();
    await session.post('Profiler.enable');
    await session.post('Profiler.start');
  }
  if (request.ask === 'profiled' && session) {
    const { profile } = await session.post('Profiler.stop');
    writeFileSync(request.file, JSON.stringify(profile));
    session.disconnect();
  }
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed } = process.memoryUsage();
  const cpuMs = (user + system) / 1000;
  return { cpuMs, residentBytes: rss, heapBytes: heapUsed, roundTrips, allocatedBytes };
}

if (process.send) {
  process.on('message', (request: ProbeRequest) => {
    void answer(request).then((usage) => process.send?.(usage));
  });
  // Nothing is left behind when the benchmark is ended.
  process.on('disconnect', () => process.exit());
  process.channel?.unref();
}
