import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../support/until.js';
import { type Answer, asksToRepeat, send } from './client.js';

const PAUSE_MS = 30;
const BATCH = 5;
const STATUSES = ['paused', 'running', 'completed', 'failed'];
/** So many rounds of changes, then the conversation is deleted and another one begun. */
const ROUNDS = 3;
const HELLO = { message_from: 'user', content: 'Hello' };

interface Plan {
  /** Where the replicas are now; a request that fails is sent to the next one. */
  serviceUrls: () => readonly string[];
  tenants: readonly string[];
  writers: number;
}

/** Ends what a writer does, between two requests. */
class Stopped extends Error {}

/**
 * Clients that change conversations in every way that the API has, each request sent again, with its Idempotency-Key
 * and X-Request-Id, until it is acknowledged. Each has a conversation of its own, and one that all of its tenant append to.
 */
export class Changes {
  /** How many events an acknowledged request leaves, by tenant and X-Request-Id. */
  readonly expected = new Map<string, Map<string, number>>();
  readonly unexpected: string[] = [];
  acknowledged = 0;
  repeated = 0;
  /** By tenant. */
  readonly longestPausesMs = new Map<string, number>();
  #isStopped = false;
  #requests = 0;
  readonly #run = crypto.randomUUID();
  readonly #running: Promise<unknown>;

  constructor(private readonly plan: Plan) {
    for (const tenant of plan.tenants) this.expected.set(tenant, new Map());
    this.#running = Promise.all(plan.tenants.map((tenant, index) => this.#inTenant(tenant, index)));
  }

  /** Resolves when so many more events are acknowledged. */
  async progress(events: number): Promise<void> {
    const goal = this.acknowledged + events;
    await until(`${events} more changes are acknowledged`, () => this.acknowledged >= goal);
  }

  /** Resolves when each request under way is acknowledged. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  async #inTenant(tenant: string, index: number): Promise<void> {
    const shared = await this.#send(tenant, 1, 'POST', '/conversations', {}).catch(swallow);
    const { writers, tenants } = this.plan;
    const here = Array.from({ length: writers }, (_, n) => n).filter((n) => n % tenants.length === index);
    await Promise.all(
      here.map(() => this.#write(tenant, `/conversations/${shared?.body.id}`).catch(swallow)),
    );
  }

  async #write(tenant: string, shared: string): Promise<void> {
    const change = (events: number, method: string, path: string, body?: unknown) =>
      this.#send(tenant, events, method, path, body);
    for (;;) {
      const { body } = await change(3, 'POST', '/conversations', { messages: [HELLO, HELLO] });
      const own = `/conversations/${body.id}`;
      for (let round = 0; round < ROUNDS; round++) {
        const { body: message } = await change(1, 'POST', `${own}/messages`, HELLO);
        await change(1, 'POST', `${shared}/messages`, HELLO);
        await change(1, 'PATCH', own, { topic: String(this.#requests) });
        const messages = Array.from({ length: BATCH }, () => HELLO);
        await change(BATCH, 'POST', `${shared}/messages/batch`, { messages });
        await change(1, 'PATCH', `${own}/status`, { status: STATUSES[round] });
        await change(1, 'PATCH', `${own}/messages/${message.id}`, { hidden: true });
        await change(1, 'POST', `${shared}/messages`, HELLO);
        await change(1, 'PATCH', `${own}/messages/${message.id}`, { metadata: { round } });
        await change(3, 'POST', `${own}/fork`, { up_to_sequence: 2 });
        if (round % 2) await change(1, 'POST', `${own}/messages/${message.id}/redact`);
        await change(BATCH, 'POST', `${own}/messages/batch`, { messages });
      }
      if (this.#requests % 2) await change(1, 'DELETE', own);
    }
  }

  async #send(tenant: string, events: number, method: string, path: string, body?: unknown): Promise<Answer> {
    if (this.#isStopped) throw new Stopped();
    const n = this.#requests++;
    const id = `${this.#run}/${n}`;
    const start = performance.now();
    for (let attempt = 0; ; attempt++) {
      const urls = this.plan.serviceUrls();
      const answer = await send(
        urls[(n + attempt) % urls.length] ?? '',
        method,
        `${path}?tenant_id=${tenant}`,
        {
          body,
          headers: { 'x-request-id': id, ...(method !== 'DELETE' && { 'idempotency-key': id }) },
        },
      ).catch(() => undefined);
      // That it is gone is what a DELETE hears whose first answer was lost.
      const isDone =
        answer && (answer.status < 300 || (attempt > 0 && method === 'DELETE' && answer.status === 404));
      if (isDone) {
        this.expected.get(tenant)?.set(id, events);
        this.acknowledged += events;
        const longestMs = this.longestPausesMs.get(tenant) ?? 0;
        this.longestPausesMs.set(tenant, Math.max(longestMs, performance.now() - start));
        return answer;
      }
      if (answer && !asksToRepeat(answer)) {
        this.unexpected.push(`${method} ${path}: ${answer.status} ${answer.text}`);
        throw new Stopped();
      }
      this.repeated++;
      await sleep(PAUSE_MS);
    }
  }
}

function swallow(error: unknown): undefined {
  if (!(error instanceof Stopped)) throw error;
}
