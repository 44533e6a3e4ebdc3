import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';
import { logWatch } from '../../support/log-watch.js';
import { type Answer, send } from './client.js';
import { DIST } from './commands.js';
import { freePort } from '../../support/machine.js';
import { Process } from './processes.js';
import { until } from '../../support/until.js';

/** Nothing that a client sent may be in what a replica prints. */
afterAll(() => logWatch.assertSecrecy());

/** What starts a replica. */
export const COMMAND = [process.execPath, join(DIST, 'main.js')];
const CACHE = join(import.meta.dirname, '../../../node_modules/.cache/colloquy/v8');

/** A replica of the service: a process of its own that runs what is built. */
export class Service {
  private constructor(
    readonly process: Process,
    readonly url: string,
  ) {}

  static async start(
    databaseUrl: string,
    environment: Record<string, string> = {},
    [command = '', ...args] = COMMAND,
  ): Promise<Service> {
    const port = environment.PORT ?? String(await freePort());
    const replica = new Process({
      command,
      args,
      onOutput: (text) => text.split('\n').forEach((line) => logWatch.print(line)),
      environment: {
        DATABASE_URL: databaseUrl,
        LOG_LEVEL: 'warn',
        LOG_FORMAT: 'json',
        NODE_COMPILE_CACHE: CACHE,
        ...environment,
        PORT: port,
      },
    });
    const service = new Service(replica, `http://127.0.0.1:${port}`);
    await until('the service is ready', async () => {
      if (replica.hasEnded) throw new Error(`The service ended.\n${replica.output}`);
      return service.isReady();
    });
    return service;
  }

  send(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return send(this.url, method, path, { body, headers });
  }

  async newConversation(): Promise<string> {
    const { body } = await this.send('POST', '/conversations', {});
    return String(body.id);
  }

  async isReady(): Promise<boolean> {
    return (await this.statusOf('/readyz')) === 200;
  }

  async statusOf(path: string): Promise<number> {
    try {
      return (await this.send('GET', path)).status;
    } catch {
      return 0;
    }
  }

  /** Megabytes of memory that it uses. */
  get megabytes(): number {
    const [, kilobytes] =
      /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.process.pid}/status`, 'utf8')) ?? [];
    return Math.round(Number(kilobytes) / 1024);
  }
}
