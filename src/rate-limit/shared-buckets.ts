import { Logger, type OnApplicationShutdown } from '@nestjs/common';
import type { Redis, Result } from 'ioredis';
import { TenantBuckets } from './tenant-buckets.js';
import { type Admission, type Rate, takeToken, TOKEN } from './token-bucket.js';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    takeToken(
      key: string,
      requestsPerSecond: number,
      capacity: number,
      token: number,
    ): Result<number, Context>;
  }
}

/** As LocalBuckets, in one atomic step and by the time of Redis. Answers what the bucket lacked before. */
const TAKE_TOKEN = `
local refill, capacity, token = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local bucket = redis.call('HMGET', KEYS[1], 'debt', 'at')
local elapsed = math.max(0, now - (tonumber(bucket[2]) or now))
local debt = math.max(0, (tonumber(bucket[1]) or 0) - elapsed * refill)
local after = debt + token <= capacity and debt + token or debt
redis.call('HSET', KEYS[1], 'debt', after, 'at', now)
redis.call('PEXPIRE', KEYS[1], math.ceil(after / refill))
return debt`;

/** How long a request waits for Redis before it makes do without. */
const ANSWER_TIMEOUT_MS = 100;
const CONNECT_TIMEOUT_MS = 2_000;

/** The buckets of all replicas, in Redis; while Redis is down or slow, those of this replica. */
export class SharedBuckets extends TenantBuckets implements OnApplicationShutdown {
  readonly #logger = new Logger(SharedBuckets.name);
  #isShared: boolean | undefined;

  private constructor(
    private readonly redis: Redis,
    private readonly rate: Rate,
    private readonly local: TenantBuckets,
  ) {
    super();
    redis.on('ready', () => this.#tell(true));
    redis.on('error', (error) => this.#tell(false, error));
    redis.on('reconnecting', () => this.#tell(false));
  }

  /** Does not wait for the connection. */
  static async connect(url: string, rate: Rate, local: TenantBuckets): Promise<SharedBuckets> {
    const { Redis } = await import('ioredis');
    const redis = new Redis(url, {
      scripts: { takeToken: { lua: TAKE_TOKEN, numberOfKeys: 1 } },
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      connectTimeout: CONNECT_TIMEOUT_MS,
      commandTimeout: CONNECT_TIMEOUT_MS, // of those that ioredis sends first
      disconnectTimeout: ANSWER_TIMEOUT_MS,
    });
    return new SharedBuckets(redis, rate, local);
  }

  async take(tenantId: string): Promise<Admission> {
    if (this.redis.status !== 'ready') return this.local.take(tenantId);
    try {
      const debt = await this.#takeFromRedis(tenantId);
      this.#tell(true);
      return takeToken(this.rate, debt).admission;
    } catch (error) {
      this.#tell(false, error);
      if (error instanceof NoAnswer) this.redis.stream.destroy(); // what else waits on it need not, and it reconnects
      return this.local.take(tenantId);
    }
  }

  async #takeFromRedis(tenantId: string): Promise<number> {
    const { promise: late, reject } = Promise.withResolvers<never>();
    // A busy process sees the timer first and only then the answer that had come in time: let it look.
    const timer = setTimeout(() => setImmediate(reject, new NoAnswer()), ANSWER_TIMEOUT_MS);
    const { requestsPerSecond, burst } = this.rate;
    const key = `colloquy:rate-limit:${tenantId}`;
    try {
      const answer = this.redis.takeToken(key, requestsPerSecond, burst * TOKEN, TOKEN);
      return await Promise.race([answer, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  onApplicationShutdown(): void {
    this.redis.disconnect();
  }

  #tell(isShared: boolean, error?: unknown): void {
    if (isShared === this.#isShared) return;
    this.#isShared = isShared;
    if (isShared) this.#logger.log('Rate limits are shared through Redis.');
    else
      this.#logger.warn({ err: error }, 'Redis cannot be used: rate limits are those of this replica alone.');
  }
}

class NoAnswer extends Error {
  constructor() {
    super(`Redis does not answer within ${ANSWER_TIMEOUT_MS} ms.`);
  }
}
