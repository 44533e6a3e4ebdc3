import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Resource } from '../http/resource.js';
import { resourceHeaders } from '../http/resource-headers.js';
import type { Transaction } from '../database/sql/transactions.js';
import type { TenantScope } from '../identity/tenant-scope.js';

/**
 * The last step of a transaction that answers a request: makes the answer from the result and, when the request has
 * an Idempotency-Key, stores it, so that the write and its answer are committed together or not at all.
 */
export type Completion<Result, Answer> = (
  scope: TenantScope,
  transaction: Transaction,
  result: Result,
  /** Whether the answer is stored already: an earlier run, whose COMMIT was in doubt, turned out to be committed. */
  isStored: boolean,
) => Promise<Answer>;

type Store = (
  scope: TenantScope,
  transaction: Transaction,
  headers: Record<string, string>,
  body: object,
) => Promise<void>;

/** How the answer of a POST is made and kept. */
export class OnceOnly {
  /** `store` keeps the answer; undefined without an Idempotency-Key. */
  constructor(private readonly store?: Store) {}

  answering<Result, Answer extends object>(render: (result: Result) => Answer): Completion<Result, Answer> {
    return async (scope, transaction, result, isStored) => {
      const answer = render(result);
      const headers = answer instanceof Resource ? resourceHeaders(answer, 'POST') : {};
      if (!isStored) await this.store?.(scope, transaction, headers, answer);
      return answer;
    };
  }
}

const onceOnlys = new WeakMap<FastifyRequest, OnceOnly>();

/** For the IdempotencyInterceptor. */
export const setOnceOnly = (request: FastifyRequest, onceOnly: OnceOnly): void =>
  void onceOnlys.set(request, onceOnly);

/** Parameter decorator: how the answer to this request is kept. Throws when the IdempotencyInterceptor has not run, which is a bug. */
export const Once = createParamDecorator((_: unknown, context: ExecutionContext): OnceOnly => {
  const onceOnly = onceOnlys.get(context.switchToHttp().getRequest<FastifyRequest>());
  if (!onceOnly) throw new Error('The IdempotencyInterceptor has not run.');
  return onceOnly;
});
