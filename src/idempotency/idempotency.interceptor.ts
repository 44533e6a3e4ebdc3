import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { DomainError } from '../common/errors/domain-error.js';
import { problemDocument } from '../http/problem-details.filter.js';
import { isProblemCode, PROBLEMS } from '../common/errors/problems.js';
import { isJsonObject } from '../common/json/exact-json.js';
import { jsonOf } from '../common/json/json-body.js';
import { scopeOf } from '../tenancy/request-scope.js';
import type { TenantScope } from '../identity/tenant-scope.js';
import { type KeyedRequest, keyedRequest } from './idempotency-key.js';
import { IdempotencyService, inProgress, KeyTaken, type StoredAnswer } from './idempotency.service.js';
import { OnceOnly, setOnceOnly } from './once-only.js';

const REPLAYED = { 'idempotency-replayed': 'true' };
/** Answers that say nothing of the request itself: repeated, it may get another one. */
const NOT_STORED: ReadonlySet<number> = new Set([401, 403, 409, 429]);

/**
 * Carries out a POST with an Idempotency-Key once and answers it again as often as it is repeated
 * (draft-ietf-httpapi-idempotency-key-header-07). A success is stored by the service's transaction (see OnceOnly), a
 * failure here.
 */
@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  constructor(private readonly idempotency: IdempotencyService) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const scope = scopeOf(request);
    const keyed = keyedRequest(scope, request);
    if (!keyed) {
      setOnceOnly(request, new OnceOnly());
      return next.handle();
    }
    return from(this.#once(scope, keyed, request, http.getResponse<FastifyReply>(), next));
  }

  async #once(
    scope: TenantScope,
    keyed: KeyedRequest,
    request: FastifyRequest,
    reply: FastifyReply,
    next: CallHandler,
  ): Promise<unknown> {
    const end = this.idempotency.begin(scope, keyed);
    try {
      const stored = await this.idempotency.find(scope, keyed);
      if (stored) return replay(reply, stored);
      return await this.#carryOut(scope, keyed, request, next);
    } catch (error) {
      if (error instanceof KeyTaken) return await this.#answerOfOther(scope, keyed, reply);
      throw error;
    } finally {
      end();
    }
  }

  /** Throws KeyTaken when another request with this key, or a lost run of this one, has stored its answer first. */
  async #carryOut(
    scope: TenantScope,
    keyed: KeyedRequest,
    request: FastifyRequest,
    next: CallHandler,
  ): Promise<unknown> {
    setOnceOnly(request, this.#storing(keyed));
    try {
      return await lastValueFrom(next.handle());
    } catch (error) {
      await this.#storeFailure(scope, keyed, request, error);
      throw error;
    }
  }

  #storing(keyed: KeyedRequest): OnceOnly {
    return new OnceOnly((scope, transaction, headers, body) =>
      this.idempotency.store(scope, transaction, keyed, { status: 201, headers, body: jsonOf(body) }),
    );
  }

  async #storeFailure(
    scope: TenantScope,
    keyed: KeyedRequest,
    request: FastifyRequest,
    error: unknown,
  ): Promise<void> {
    if (!(error instanceof DomainError)) return;
    const { status } = PROBLEMS[error.code];
    if (status >= 500 || NOT_STORED.has(status)) return;
    const body = JSON.stringify(problemDocument(request, error));
    await this.idempotency.storeFailure(scope, keyed, { status, headers: {}, body });
  }

  async #answerOfOther(scope: TenantScope, keyed: KeyedRequest, reply: FastifyReply): Promise<unknown> {
    const stored = await this.idempotency.find(scope, keyed);
    if (!stored) throw inProgress();
    return replay(reply, stored);
  }
}

/** Answers what is stored, as it is stored. */
function replay(reply: FastifyReply, { status, headers, body }: StoredAnswer): string {
  if (status < 400) {
    void reply.headers({ ...headers, ...REPLAYED }).type('application/json; charset=utf-8');
    return body;
  }
  const problem: unknown = JSON.parse(body);
  if (!isJsonObject(problem) || typeof problem.code !== 'string' || !isProblemCode(problem.code)) {
    throw new Error('A stored problem cannot be read.');
  }
  throw new DomainError(problem.code, String(problem.detail), { headers: REPLAYED, members: problem });
}
