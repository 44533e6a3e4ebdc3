import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DomainError } from '../common/errors/domain-error.js';
import { APP_CONFIG, type AppConfig } from '../config/app-config.js';
import type { Principal } from '../identity/principal.js';
import { requestedScope } from '../tenancy/requested-scope.js';
import { TenantBuckets } from './tenant-buckets.js';

/**
 * May this tenant send a request now? Says in every answer what it may send next (`RateLimit` and `RateLimit-Policy`,
 * draft-ietf-httpapi-ratelimit-headers-10). Runs behind the AuthGuard, so that a request without a valid credential is
 * charged to nobody, and before all others: whoever is refused by these is charged too.
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
    const { principal, query } = http.getRequest<FastifyRequest>();
    if (!principal) return true;
    const { allowed, remaining, nextTokenMs } = await this.buckets.take(chargedTo(principal, query));
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

/** The tenant that a request acts for; where it may act for none, that of its credential, else the credential itself. */
function chargedTo(principal: Principal, query: unknown): string {
  try {
    return requestedScope(principal, query).tenantId;
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return principal.tenantId ?? `credential ${principal.credentialId}`; // the name of no tenant
  }
}
