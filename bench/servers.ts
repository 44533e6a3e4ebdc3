import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { BUILD, pinned, SCRATCH, SERVER_CORE } from './machine.js';
import type { ProbeRequest, Usage } from './probe.js';
import { AUDIENCE, SECRET } from './tokens.js';

export const VARIANTS = ['floor', 'stock', 'colloquy', 'colloquy-sqlite'] as const;
export type Variant = (typeof VARIANTS)[number];

export const TITLES: Record<Variant, string> = {
  floor: 'floor',
  stock: 'stock NestJS',
  colloquy: 'Colloquy',
  'colloquy-sqlite': 'Colloquy on SQLite',
};

const ENTRY_POINTS: Record<Variant, string> = {
  floor: 'bench/floor/main.js',
  stock: 'bench/stock/main.js',
  colloquy: 'dist/main.js',
  'colloquy-sqlite': 'dist/main.js',
};

/** The same for all of them. */
export const POOL_SIZE = 10;
const START_TIMEOUT_MS = 30_000;
const POLL_MS = 5;

export interface StartOptions {
  databaseUrl: string;
  /** Answered with 200 when the server is ready. */
  readyPath: string;
  token: string;
  nodeOptions?: string[];
  countTripsTo?: number;
  /** The entry point of another build of the service. */
  main?: string;
  settings?: Record<string, string>;
}

/** A server in a process of its own, on its own core. */
export class MeasuredServer {
  private constructor(
    readonly variant: Variant,
    readonly url: string,
    /** From the start of the process to the first answer. */
    readonly startMs: number,
    readonly child: ChildProcess,
  ) {}

  static async start(variant: Variant, options: StartOptions): Promise<MeasuredServer> {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const started = performance.now();
    const [command, parameters] = pinned(
      SERVER_CORE,
      process.execPath,
      ...(options.nodeOptions ?? []),
      '--import',
      join(BUILD, 'bench/probe.js'),
      options.main ?? join(BUILD, ENTRY_POINTS[variant]),
    );
    const child = spawn(command, parameters, {
      // The log is read to its end, as a container's is, and thrown away.
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
      cwd: SCRATCH,
      env: {
        PATH: process.env.PATH,
        NODE_ENV: 'production',
        HOST: '127.0.0.1',
        PORT: String(port),
        DATABASE_URL: options.databaseUrl,
        DATABASE_POOL_SIZE: String(POOL_SIZE),
        AUTH_MODE: 'jwt',
        AUTH_JWT_SECRET: SECRET,
        AUTH_JWT_AUDIENCE: AUDIENCE,
        // What is counted is what requests ask for, not the work of jobs beside them.
        ...options.settings,
        ...(options.countTripsTo && { BENCH_COUNT_TRIPS_TO: String(options.countTripsTo), ROLES: 'api' }),
      },
    });
    child.stdout?.resume();
    await untilReady(child, `${url}${options.readyPath}`, options.token);
    return new MeasuredServer(variant, url, performance.now() - started, child);
  }

  /** What its process has used so far. */
  async ask(request: ProbeRequest = { ask: 'usage' }): Promise<Usage> {
    const answer = once(this.child, 'message') as Promise<[Usage]>;
    this.child.send(request);
    return (await answer)[0];
  }

  async stop(): Promise<void> {
    const exit = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    await exit;
  }
}

async function untilReady(child: ChildProcess, url: string, token: string): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (Date.now() < deadline) {
    if (child.exitCode !== null) throw new Error('A measured server ended while it started.');
    const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } }).catch(() => null);
    await response?.body?.cancel();
    if (response?.ok) return;
    await sleep(POLL_MS);
  }
  throw new Error(`A measured server does not answer: ${url}`);
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
