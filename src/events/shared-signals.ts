import { Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { newId } from '../common/ids.js';
import type { FeedSignals } from './feed-signals.js';

const CHANNEL = 'colloquy:feed';
const CONNECT_TIMEOUT_MS = 2_000;

/**
 * Carries signals between replicas, through Redis. What it loses costs time and no event: while Redis is down, and now
 * and then meanwhile, replicas look by themselves.
 */
export class SharedSignals implements OnApplicationShutdown {
  readonly #logger = new Logger(SharedSignals.name);
  /** Of this replica, which need not hear itself. */
  readonly #self = newId();
  #isTold = false;

  private constructor(
    private readonly speaker: Redis,
    private readonly listener: Redis,
    private readonly signals: FeedSignals,
  ) {
    signals.onPublished((tenantId) => {
      if (speaker.status === 'ready')
        speaker.publish(CHANNEL, `${this.#self} ${tenantId}`).catch(() => undefined);
    });
    // The other connection has the same fate and tells of it.
    speaker.on('error', () => undefined);
    listener.on('message', (_, message) => this.#hear(message));
    listener.on('ready', () => void this.#listen());
    listener.on('error', (error) => this.#lose(error));
    listener.on('close', () => this.#lose());
  }

  /** Does not wait for the connections. */
  static async connect(url: string, signals: FeedSignals): Promise<SharedSignals> {
    const { Redis } = await import('ioredis');
    const options = {
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      connectTimeout: CONNECT_TIMEOUT_MS,
      autoResubscribe: false,
    };
    return new SharedSignals(new Redis(url, options), new Redis(url, options), signals);
  }

  onApplicationShutdown(): void {
    this.#isTold = true;
    this.speaker.disconnect();
    this.listener.disconnect();
  }

  async #listen(): Promise<void> {
    try {
      await this.listener.subscribe(CHANNEL);
      this.signals.isShared = true;
      this.#isTold = false;
      this.#logger.log('Replicas tell each other through Redis what they publish.');
    } catch (error) {
      this.#lose(error);
    }
  }

  #hear(message: string): void {
    const [replica, tenantId] = message.split(' ');
    if (tenantId && replica !== this.#self) this.signals.hear(tenantId);
  }

  /** Says so once. */
  #lose(error?: unknown): void {
    this.signals.isShared = false;
    if (this.#isTold) return;
    this.#isTold = true;
    this.#logger.warn({ err: error }, 'Redis cannot be used: replicas look for what others publish.');
  }
}
