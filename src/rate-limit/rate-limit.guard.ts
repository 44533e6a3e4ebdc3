import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DomainError } from '../common/errors/domain-error.js';
import { APP_CONFIG, type AppConfig } from '../config/app-config.js';
import { findScope } from '../tenancy/request-scope.js';
import { TenantBuckets } from './tenant-buckets.js';

/**
 * May this tenant send a request now? Says in every answer what it may send next (`RateLimit` and `RateLimit-Policy`,
 * draft-ietf-httpapi-ratelimit-headers-10). Runs behind the TenantGuard, so that a request without a valid
 * credential is charged to nobody.
 */
@Injectable()
export class RateLimitGuard implements CanActivate {
  readonly #policy: string;

  constructor(
    private readonly buckets: TenantBuckets,
    @Inject(APP_CONFIG) { rateLimit }: AppConfig,
  ) {
    if (!rateLimit) throw new TypeError('There is no rate limit.');
    const { burst, requestsPerSecond } = rateLimit;
    this.#policy = `"default";q=${burst};w=${Math.ceil(burst / requestsPerSecond)}`;
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    const scope = findScope(http.getRequest<FastifyRequest>());
    if (!scope) return true;
    const { allowed, remaining, nextTokenMs } = await this.buckets.take(scope.tenantId);
    const seconds = Math.ceil(nextTokenMs / 1000);
    void http.getResponse<FastifyReply>().headers({
      'ratelimit-policy': this.#policy,
      ratelimit: `"default";r=${remaining};t=${seconds}`,
    });
    if (!allowed) {
      throw new DomainError('rate_limited', 'The tenant has used up its limit of requests.', {
        headers: { 'retry-after': String(seconds) },
      });
    }
    return true;
  }
}
