import { setTimeout as sleep } from 'node:timers/promises';
import { send } from './client.js';
import type { Service } from './service.js';

const CLIENTS = 4;
const PAUSE_MS = 10;

/** Clients of another tenant, who append and read, and want to be served whatever others do. */
export class Neighbour {
  readonly failures: string[] = [];
  #isStopped = false;
  #durationsMs: number[] = [];
  readonly #running: Promise<unknown>;

  private constructor(
    private readonly service: Service,
    private readonly path: string,
    private readonly headers: Record<string, string>,
  ) {
    this.#running = Promise.all(Array.from({ length: CLIENTS }, () => this.#live()));
  }

  static async of(service: Service, headers: Record<string, string> = {}): Promise<Neighbour> {
    const { body } = await service.send('POST', '/conversations?tenant_id=neighbour', {}, headers);
    return new Neighbour(service, `/conversations/${body.id}/messages?tenant_id=neighbour`, headers);
  }

  /** How long 99 of 100 requests took since this was asked last. */
  takeP99Ms(): number {
    const sorted = this.#durationsMs.sort((a, b) => a - b);
    this.#durationsMs = [];
    return Math.round(10 * (sorted[Math.floor(sorted.length * 0.99)] ?? NaN)) / 10;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  async #live(): Promise<void> {
    for (let n = 0; !this.#isStopped; n++) {
      const start = performance.now();
      const body = n % 2 ? { message_from: 'user', content: 'Hello' } : undefined;
      const outcome = await send(this.service.url, body ? 'POST' : 'GET', this.path, {
        body,
        headers: this.headers,
      }).then(({ status, text }) => (status === (body ? 201 : 200) ? '' : `${status} ${text}`), String);
      if (outcome !== '') this.failures.push(outcome);
      this.#durationsMs.push(performance.now() - start);
      await sleep(PAUSE_MS);
    }
  }
}
