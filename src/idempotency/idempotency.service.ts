import { Injectable } from '@nestjs/common';
import { now } from '../common/clock.js';
import { DomainError } from '../common/errors/domain-error.js';
import { type AlreadyDone, type Transaction, Transactions, type Work } from '../database/sql/transactions.js';
import type { KeyedRequest } from '../identity/acting-request.js';
import type { TenantScope } from '../identity/tenant-scope.js';
import { IdempotencyRepository } from './idempotency.repository.js';
import { rangesOf, sequencesOf } from './sequence-ranges.js';

const KEPT_MS = 24 * 60 * 60 * 1000;
const NO_BODY = Buffer.alloc(0);

/** What a write did: enough to answer it again from what is there by then. */
export interface Done {
  /** False where what was asked for was there already, so that nothing was made. */
  readonly isNew: boolean;
  /** Of the conversation (or whatever else has an id of its own). */
  readonly id: string;
  /** Of its messages, where they are what was asked for, in the order of the answer. */
  readonly sequences?: readonly number[];
}

/** Another request with the same key, or an earlier run of this one, has committed first. */
class KeyTaken extends Error {}

/** Carries out a request with an Idempotency-Key once, and remembers for 24 hours what it did. */
@Injectable()
export class IdempotencyService {
  /** Requests that this replica is carrying out now. */
  readonly #inFlight = new Set<string>();

  constructor(
    private readonly records: IdempotencyRepository,
    private readonly transactions: Transactions,
  ) {}

  /**
   * Carries out a write, whose transaction tells with `keep` what it did; or gives with `read` what an earlier request
   * with the same key did. Throws `idempotency_in_progress` or `idempotency_key_reused`.
   */
  async once<T>(scope: TenantScope, write: () => Promise<T>, read: (done: Done) => Promise<T>): Promise<T> {
    const { key } = scope.request;
    if (!key) return write();
    const end = this.#begin(scope, key);
    try {
      const done = await this.#find(scope, key);
      if (done) return await this.#replay(scope, done, read);
      return await write();
    } catch (error) {
      if (!(error instanceof KeyTaken)) throw error;
      const done = await this.#find(scope, key);
      if (!done) throw inProgress();
      return await this.#replay(scope, done, read);
    } finally {
      end();
    }
  }

  /** As `once`, for a write that is one transaction: in doubt its record is asked first. */
  run<T>(
    scope: TenantScope,
    { work, alreadyDone }: { work: Work<T>; alreadyDone: AlreadyDone<T> },
    read: (done: Done) => Promise<T>,
  ): Promise<T> {
    const look: AlreadyDone<T> = async (transaction) => {
      const { key } = scope.request;
      if (key && (await this.records.isKept(scope.ofCredential, transaction, key.id))) throw new KeyTaken();
      return alreadyDone(transaction);
    };
    return this.once(scope, () => this.transactions.run(scope, work, { alreadyDone: look }), read);
  }

  /** Remembers in the transaction of a write what it did, if the request has a key. Throws what `once` catches. */
  async keep(scope: TenantScope, transaction: Transaction, done: Done): Promise<void> {
    scope.request.outcome = { isNew: done.isNew, isReplay: false };
    const { key } = scope.request;
    if (!key) return;
    const record = {
      id: key.id,
      tenantUnitId: scope.ofCredential.tenantUnitId,
      fingerprint: key.fingerprint,
      status: done.isNew ? 201 : 200,
      doneId: done.id,
      doneSequences: rangesOf(done.sequences ?? []),
      headers: '',
      body: NO_BODY,
      expiresTime: new Date(now().getTime() + KEPT_MS),
    };
    const isFirst = await this.records.add(scope.ofCredential, transaction, record);
    if (!isFirst) throw new KeyTaken('The Idempotency-Key was used meanwhile.');
  }

  /** Marks a request as being carried out; call what it returns when it is. Throws `idempotency_in_progress`. */
  #begin(scope: TenantScope, { id }: KeyedRequest): () => void {
    const request = `${scope.tenantId} ${id}`;
    if (this.#inFlight.has(request)) throw inProgress();
    this.#inFlight.add(request);
    return () => void this.#inFlight.delete(request);
  }

  /** What this request did before, if anything. Throws `idempotency_key_reused` when another request had the key. */
  async #find(scope: TenantScope, { id, fingerprint }: KeyedRequest): Promise<Done | null> {
    const record = await this.records.findById(scope.ofCredential, id);
    if (!record) return null;
    const time = now();
    if (record.expiresTime <= time) {
      await this.transactions.run(scope, (transaction) =>
        this.records.removeExpired(scope.ofCredential, transaction, id, time),
      );
      return null;
    }
    if (record.fingerprint !== fingerprint) {
      throw new DomainError('idempotency_key_reused', 'The Idempotency-Key belongs to another request.', {
        faults: [{ detail: 'belongs to another request', parameter: 'Idempotency-Key' }],
      });
    }
    if (record.doneId === null) return null;
    const isNew = record.status === 201;
    return { isNew, id: record.doneId, sequences: sequencesOf(record.doneSequences ?? '') };
  }

  #replay<T>(scope: TenantScope, done: Done, read: (done: Done) => Promise<T>): Promise<T> {
    scope.request.outcome = { isNew: done.isNew, isReplay: true };
    return read(done);
  }
}

export const inProgress = (): DomainError =>
  new DomainError('idempotency_in_progress', 'A request with this Idempotency-Key is being carried out.', {
    headers: { 'retry-after': '1' },
  });
