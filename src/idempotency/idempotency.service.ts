import { promisify } from 'node:util';
import { deflateRaw, inflateRaw } from 'node:zlib';
import { type BeforeApplicationShutdown, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { now } from '../common/clock.js';
import { DomainError } from '../common/errors/domain-error.js';
import { PeriodicJob } from '../jobs/periodic-job.js';
import { type Transaction, Transactions } from '../database/sql/transactions.js';
import type { TenantScope } from '../identity/tenant-scope.js';
import type { KeyedRequest } from './idempotency-key.js';
import { ExpiredIdempotencyRecords, IdempotencyRepository } from './idempotency.repository.js';

const KEPT_MS = 24 * 60 * 60 * 1000;
const CLEAN_UP_INTERVAL_MS = 60_000;
const CLEAN_UP_RECORDS = 500;

const deflate = promisify(deflateRaw);
const inflate = promisify(inflateRaw);

export interface StoredAnswer {
  status: number;
  headers: Record<string, string>;
  /** JSON text. */
  body: string;
}

/** Another request with the same key has committed first. */
export class KeyTaken extends Error {}

/** Keeps the answers of requests with an Idempotency-Key for 24 hours. */
@Injectable()
export class IdempotencyService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  /** Requests that this replica is carrying out now. */
  readonly #inFlight = new Set<string>();
  readonly #cleanUp = new PeriodicJob('idempotency-clean-up', CLEAN_UP_INTERVAL_MS, async () => {
    while (!this.#cleanUp.isStopped && (await this.expired.remove(now(), CLEAN_UP_RECORDS)));
  });

  constructor(
    private readonly records: IdempotencyRepository,
    private readonly expired: ExpiredIdempotencyRecords,
    private readonly transactions: Transactions,
  ) {}

  onApplicationBootstrap(): void {
    this.#cleanUp.start();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.#cleanUp.stop();
  }

  /** Marks a request as being carried out; call what it returns when it is. Throws `idempotency_in_progress`. */
  begin(scope: TenantScope, { id }: KeyedRequest): () => void {
    const request = `${scope.tenantId} ${id}`;
    if (this.#inFlight.has(request)) throw inProgress();
    this.#inFlight.add(request);
    return () => void this.#inFlight.delete(request);
  }

  /** The answer that this request got before, if any. Throws `idempotency_key_reused` when another request had the key. */
  async find(scope: TenantScope, { id, fingerprint }: KeyedRequest): Promise<StoredAnswer | null> {
    const record = await this.records.findById(scope.ofCredential, id);
    if (!record) return null;
    const time = now();
    if (record.expiresTime <= time) {
      await this.transactions.run((transaction) =>
        this.records.removeExpired(scope.ofCredential, transaction, id, time),
      );
      return null;
    }
    if (record.fingerprint !== fingerprint) {
      throw new DomainError('idempotency_key_reused', 'The Idempotency-Key belongs to another request.', {
        faults: [{ detail: 'belongs to another request', parameter: 'Idempotency-Key' }],
      });
    }
    const headers: unknown = JSON.parse(record.headers);
    return {
      status: record.status,
      headers: Object.fromEntries(
        Object.entries(headers ?? {}).map(([name, value]) => [name, String(value)]),
      ),
      body: (await inflate(record.body)).toString(),
    };
  }

  /** Stores an answer in the transaction of what it tells of. Throws KeyTaken. */
  async store(
    scope: TenantScope,
    transaction: Transaction,
    { id, fingerprint }: KeyedRequest,
    answer: StoredAnswer,
  ): Promise<void> {
    const record = {
      id,
      tenantUnitId: scope.ofCredential.tenantUnitId,
      fingerprint,
      status: answer.status,
      headers: JSON.stringify(answer.headers),
      body: await deflate(answer.body),
      expiresTime: new Date(now().getTime() + KEPT_MS),
    };
    const isFirst = await this.records.add(scope.ofCredential, transaction, record);
    if (!isFirst) throw new KeyTaken('The Idempotency-Key was used meanwhile.');
  }

  /** Stores the answer of a request that changed nothing. Throws KeyTaken. */
  storeFailure(scope: TenantScope, request: KeyedRequest, answer: StoredAnswer): Promise<void> {
    return this.transactions.run((transaction) => this.store(scope, transaction, request, answer));
  }
}

export const inProgress = (): DomainError =>
  new DomainError('idempotency_in_progress', 'A request with this Idempotency-Key is being carried out.', {
    headers: { 'retry-after': '1' },
  });
