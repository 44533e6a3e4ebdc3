import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

/** Requests that each of several tenants may begin in one turn of the event loop. */
const REQUESTS_IN_TURN = 4;
/** Who has sent nothing for so long leaves the others alone. */
const ALONE_AFTER_MS = 1_000;

/**
 * Tenants begin their requests in turns, a few of each tenant in one turn of the event loop, so that what one of them sends
 * at the same time does not stand before what another sends. A tenant that is alone waits for nobody.
 */
@Injectable()
export class TurnGuard implements CanActivate {
  /** How many each tenant has begun in this turn. */
  readonly #begun = new Map<string, number>();
  readonly #lines = new Map<string, (() => void)[]>();
  #lastTenant: string | undefined;
  #sharedUntil = 0;

  canActivate(context: ExecutionContext): true | Promise<true> {
    const { scope } = context.switchToHttp().getRequest<FastifyRequest>();
    if (!scope || this.#mayBegin(scope.tenantId)) return true;
    const { tenantId } = scope;
    const line = this.#lines.get(tenantId) ?? [];
    this.#lines.set(tenantId, line);
    return new Promise((resolve) => line.push(() => resolve(true)));
  }

  #mayBegin(tenant: string): boolean {
    if (this.#lines.has(tenant)) return false;
    if (this.#isAlone(tenant)) return true;
    const begun = this.#begun.get(tenant) ?? 0;
    if (begun === REQUESTS_IN_TURN) return false;
    if (this.#begun.size === 0) setImmediate(this.#turn);
    this.#begun.set(tenant, begun + 1);
    return true;
  }

  #isAlone(tenant: string): boolean {
    const now = performance.now();
    if (this.#lastTenant !== tenant && this.#lastTenant !== undefined)
      this.#sharedUntil = now + ALONE_AFTER_MS;
    this.#lastTenant = tenant;
    return now > this.#sharedUntil;
  }

  readonly #turn = (): void => {
    this.#begun.clear();
    for (const [tenant, line] of this.#lines) {
      const next = line.splice(0, REQUESTS_IN_TURN);
      if (line.length === 0) this.#lines.delete(tenant);
      this.#begun.set(tenant, next.length);
      for (const begin of next) begin();
    }
    if (this.#begun.size > 0) setImmediate(this.#turn);
  };
}
