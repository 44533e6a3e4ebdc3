import { setTimeout as sleep } from 'node:timers/promises';
import { allMessages, type Answer, asksToRepeat, send } from './client.js';
import { until } from '../../support/until.js';

interface Plan {
  /** Where the replicas are now; a request that fails is sent to the next one. */
  serviceUrls: () => readonly string[];
  conversationIds: readonly string[];
  writers: number;
  /** Messages of each writer; without it they write until they are stopped. */
  messages?: number;
}

const BATCH = 5;
const PAUSE_MS = 30;

/**
 * Clients that append, one by one and in batches, and send a request with its Idempotency-Key again until it is
 * acknowledged, as docs/reliability.md tells clients to, but with shorter pauses.
 */
export class Writers {
  /** Contents of acknowledged messages, by conversation. */
  readonly #acknowledged = new Map<string, string[]>();
  readonly statuses = new Map<number | string, number>();
  readonly unexpected: string[] = [];
  acknowledged = 0;
  repeated = 0;
  longestPauseMs = 0;
  #isStopped = false;
  readonly #running: Promise<unknown>;

  constructor(private readonly plan: Plan) {
    for (const id of plan.conversationIds) this.#acknowledged.set(id, []);
    this.#running = Promise.all(Array.from({ length: plan.writers }, (_, writer) => this.#write(writer)));
  }

  /** Resolves when this many more messages are acknowledged. */
  async progress(messages: number): Promise<void> {
    const goal = this.acknowledged + messages;
    await until(`${messages} more messages are acknowledged`, () => this.acknowledged >= goal);
  }

  /** Resolves when each request under way is acknowledged, or with a plan, when all of it is done. */
  async done(): Promise<void> {
    await this.#running;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.done();
  }

  /** What is wrong with the conversations: each acknowledged message is there once, batches whole, nothing else, no gap. */
  async faults(serviceUrl: string): Promise<string[]> {
    const faults = [...this.unexpected];
    for (const [id, acknowledged] of this.#acknowledged) {
      const { body } = await send(serviceUrl, 'GET', `/conversations/${id}`);
      const messages = await allMessages(serviceUrl, id);
      const contents = messages.map(({ content }): string => content);
      const found = new Set(contents);
      if (body.message_count !== messages.length) faults.push(`${id}: message_count ${body.message_count}`);
      if (messages.some(({ sequence }, index) => sequence !== index + 1)) faults.push(`${id}: a gap`);
      if (found.size !== contents.length) faults.push(`${id}: ${contents.length - found.size} doubled`);
      const lost = acknowledged.filter((content) => !found.has(content));
      if (lost.length > 0) faults.push(`${id}: lost ${lost.join(' ')}`);
      const surplus = found.size - (acknowledged.length - lost.length);
      if (surplus > 0) faults.push(`${id}: ${surplus} that nobody was told of`);
      for (const [index, content] of contents.entries()) {
        const isPartOfBatch = /\+[1-9]/.test(content);
        if (isPartOfBatch && contents[index - 1] !== predecessorOf(content))
          faults.push(`${id}: torn ${content}`);
      }
    }
    return faults;
  }

  get figures() {
    return {
      acknowledged: this.acknowledged,
      repeated: this.repeated,
      answers: [...this.statuses].map(([status, count]) => `${status}: ${count}`).join(' '),
      'longest pause of a client in ms': Math.round(this.longestPauseMs),
    };
  }

  async #write(writer: number): Promise<void> {
    const { conversationIds, messages = Infinity } = this.plan;
    const conversationId = conversationIds[writer % conversationIds.length] ?? '';
    for (let n = 0; n < messages && !this.#isStopped;) {
      const isBatch = n % (2 * BATCH) === 0 && n + BATCH <= messages;
      const name = `w${writer}-${n}`;
      const contents = isBatch ? Array.from({ length: BATCH }, (_, index) => `${name}+${index}`) : [name];
      await this.#append(conversationId, name, contents, isBatch);
      n += contents.length;
    }
  }

  async #append(conversationId: string, key: string, contents: string[], isBatch: boolean): Promise<void> {
    const messages = contents.map((content) => ({ message_from: 'user', content }));
    const path = `/conversations/${conversationId}/messages${isBatch ? '/batch' : ''}`;
    const start = performance.now();
    for (let attempt = 0; ; attempt++) {
      const urls = this.plan.serviceUrls();
      const url = urls[(attempt + Number(/\d+/.exec(key))) % urls.length] ?? '';
      const answer = await send(url, 'POST', path, {
        body: isBatch ? { messages } : messages[0],
        headers: { 'idempotency-key': `${conversationId} ${key}`.replace(' ', '/') },
      }).catch(nameOf);
      this.#count(answer);
      if (typeof answer !== 'string' && answer.status === 201) break;
      if (typeof answer !== 'string' && !asksToRepeat(answer)) {
        this.unexpected.push(`${answer.status} ${answer.text}`);
        return;
      }
      this.repeated++;
      await sleep(PAUSE_MS);
    }
    this.longestPauseMs = Math.max(this.longestPauseMs, performance.now() - start);
    this.#acknowledged.get(conversationId)?.push(...contents);
    this.acknowledged += contents.length;
  }

  #count(answer: Answer | string): void {
    const outcome = typeof answer === 'string' ? answer : answer.status;
    this.statuses.set(outcome, (this.statuses.get(outcome) ?? 0) + 1);
  }
}

/** How a connection broke. */
const nameOf = (error: unknown): string =>
  Error.isError(error) && 'code' in error ? String(error.code) : String(error);

function predecessorOf(content: string): string {
  const [name = '', index = ''] = content.split('+');
  return `${name}+${Number(index) - 1}`;
}
