import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { findBinary, freePort } from './machine.js';

const GUARDIAN = join(import.meta.dirname, 'server-guardian.mjs');
const PASSWORD = 'a secret that no log may tell';

export const redisPath = findBinary('redis-server');

/** A private, throw-away Redis on a port of loopback that is its own; it starts empty, and ends when this process does. */
export class TestRedis {
  /** A connection of the test's own. */
  client: Redis | undefined;
  #paused: number | undefined;
  #stop: (() => Promise<void>) | undefined;

  private constructor(private readonly port: number) {}

  static onFreePort = async () => new TestRedis(await freePort());

  /** For REDIS_URL. */
  get url(): string {
    return `redis://:${encodeURIComponent(PASSWORD)}@127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    if (!redisPath) throw new Error('No redis-server was found: apt-get install redis-server');
    const directory = mkdtempSync(join(tmpdir(), 'colloquy-redis-'));
    const guardian = spawn(process.execPath, [GUARDIAN, directory], { stdio: ['pipe', 'ignore', 'inherit'] });
    const ended = once(guardian, 'exit');
    guardian.stdin.write(`${JSON.stringify([redisPath, ...serverOptions(directory, this.port)])}\n`);
    const client = new Redis(this.url, { retryStrategy: () => 20 });
    client.on('error', () => {}); // it does not listen yet, or no more
    this.client = client;
    this.#stop = async () => {
      client.disconnect();
      guardian.stdin.end();
      await ended;
    };
    const ready = new Promise((resolve) => client.once('ready', resolve));
    const failed = ended.then(() =>
      Promise.reject(new Error('redis-server did not start: see its log above.')),
    );
    await Promise.race([ready, failed]);
  }

  /** From now on it takes connections and answers nobody. */
  async pause(): Promise<void> {
    const [, pid] = /process_id:(\d+)/.exec((await this.client?.info('server')) ?? '') ?? [];
    this.#paused = Number(pid);
    process.kill(this.#paused, 'SIGSTOP');
  }

  async resume(): Promise<void> {
    if (this.#paused === undefined) return;
    process.kill(this.#paused, 'SIGCONT');
    this.#paused = undefined;
    await this.client?.ping();
  }

  /** Ends it at once, with every connection to it. */
  async stop(): Promise<void> {
    await this.resume();
    await this.#stop?.();
    this.#stop = undefined;
  }
}

const serverOptions = (directory: string, port: number) => [
  ...['--port', String(port), '--bind', '127.0.0.1', '--dir', directory],
  ...['--requirepass', PASSWORD, '--save', '', '--appendonly', 'no'],
  ...['--logfile', join(directory, 'error.log')],
];
