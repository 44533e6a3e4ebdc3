import { type DynamicModule, Module } from '@nestjs/common';
import type { RateLimitConfig } from '../config/app-config.js';
import { SharedBuckets } from './shared-buckets.js';
import { LocalBuckets, TenantBuckets } from './tenant-buckets.js';

/** The buckets of the tenants, for the RateLimitGuard. */
@Module({})
export class RateLimitModule {
  static with(limit: RateLimitConfig, redisUrl: string | undefined): DynamicModule {
    const buckets = {
      provide: TenantBuckets,
      useFactory: () => {
        const local = new LocalBuckets(limit);
        return redisUrl ? SharedBuckets.connect(redisUrl, limit, local) : local;
      },
    };
    return { module: RateLimitModule, providers: [buckets], exports: [buckets] };
  }
}
