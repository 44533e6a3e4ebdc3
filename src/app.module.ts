import { type DynamicModule, Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import { AuthGuard } from './auth/auth.guard.js';
import { AuthModule } from './auth/auth.module.js';
import { ScopeGuard } from './auth/scope.guard.js';
import { InputGuard } from './http/input.guard.js';
import { ProblemDetailsFilter } from './http/problem-details.filter.js';
import type { AppConfig } from './config/app-config.js';
import { ConfigModule } from './config/config.module.js';
import { ConversationsModule } from './conversations/conversations.module.js';
import { DatabaseModule } from './database/database.module.js';
import { EventsModule } from './events/events.module.js';
import { FeedModule } from './feed/feed.module.js';
import { JobsModule } from './jobs/jobs.module.js';
import { ExportsModule } from './exports/exports.module.js';
import { MessagesModule } from './messages/messages.module.js';
import { MetricsModule } from './metrics/metrics.module.js';
import { MonitoringModule } from './monitoring/monitoring.module.js';
import { ProblemsModule } from './problems/problems.module.js';
import { RateLimitGuard } from './rate-limit/rate-limit.guard.js';
import { RateLimitModule } from './rate-limit/rate-limit.module.js';
import { TenantGuard } from './tenancy/tenant.guard.js';
import { TurnGuard } from './tenancy/turn.guard.js';
import { WebhooksModule } from './webhooks/webhooks.module.js';

/** What the service is made of. The order of the guards is the order in which they run. */
@Module({})
export class AppModule {
  static with(config: AppConfig): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.with(config),
        MetricsModule,
        DatabaseModule,
        JobsModule,
        AuthModule,
        EventsModule.with(config),
        ConversationsModule,
        MessagesModule,
        ...(config.events.mode === 'on' ? [FeedModule, WebhooksModule] : []),
        ExportsModule,
        MonitoringModule,
        ProblemsModule,
        ...(config.rateLimit ? [RateLimitModule.with(config.rateLimit, config.redisUrl)] : []),
      ],
      providers: [
        { provide: APP_GUARD, useClass: AuthGuard },
        ...(config.rateLimit ? [{ provide: APP_GUARD, useClass: RateLimitGuard }] : []),
        { provide: APP_GUARD, useClass: TenantGuard },
        { provide: APP_GUARD, useClass: ScopeGuard },
        { provide: APP_GUARD, useClass: TurnGuard },
        { provide: APP_GUARD, useClass: InputGuard },
        { provide: APP_FILTER, useClass: ProblemDetailsFilter },
      ],
    };
  }
}
