import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { APP_CONFIG, type AppConfig } from '../config/app-config.js';
import { FeedModule } from '../feed/feed.module.js';
import { IdempotencyModule } from '../idempotency/idempotency.module.js';
import { Deliveries } from './delivery/deliveries.js';
import { DeliveryMetrics } from './delivery/delivery-metrics.js';
import { DueLanesRepository } from './delivery/due-lanes.repository.js';
import { LaneTurn } from './delivery/lane-turn.js';
import { Lanes } from './delivery/lanes.js';
import { ReceiverRules } from './delivery/receiver-rules.js';
import { Receivers } from './delivery/receiver.js';
import { Sender } from './delivery/sender.js';
import { WebhookLane } from './delivery/webhook-lane.entity.js';
import { WebhookLanesRepository } from './delivery/webhook-lanes.repository.js';
import { WebhookRetriesRepository } from './delivery/webhook-retries.repository.js';
import { WebhookRetry } from './delivery/webhook-retry.entity.js';
import { WebhookAttemptsCleanUp } from './webhook-attempts-clean-up.js';
import { WebhookAttempt } from './webhook-attempt.entity.js';
import { WebhookAttemptsRepository } from './webhook-attempts.repository.js';
import { ResealedSecrets } from './resealed-secrets.js';
import { WebhookStates } from './webhook-states.js';
import { SecretBox } from './webhook-secrets.js';
import { Webhook } from './webhook.entity.js';
import { WebhooksController } from './webhooks.controller.js';
import { WebhooksRepository } from './webhooks.repository.js';
import { WebhooksService } from './webhooks.service.js';

@Module({
  imports: [
    TypeOrmModule.forFeature([Webhook, WebhookLane, WebhookRetry, WebhookAttempt]),
    FeedModule,
    IdempotencyModule,
  ],
  controllers: [WebhooksController],
  providers: [
    {
      provide: SecretBox,
      inject: [APP_CONFIG],
      useFactory: ({ webhooks }: AppConfig) => new SecretBox(webhooks.keys, webhooks.isKeyRequired),
    },
    {
      provide: ReceiverRules,
      inject: [APP_CONFIG],
      useFactory: ({ webhooks, auth }: AppConfig) =>
        new ReceiverRules(webhooks.allow, auth.developmentTenantId !== undefined),
    },
    {
      provide: Receivers,
      inject: [ReceiverRules, APP_CONFIG],
      useFactory: (rules: ReceiverRules, { webhooks }: AppConfig) => new Receivers(rules, webhooks.proxyUrl),
    },
    WebhooksService,
    WebhooksRepository,
    WebhookAttemptsRepository,
    WebhookAttemptsCleanUp,
    WebhookLanesRepository,
    WebhookRetriesRepository,
    DueLanesRepository,
    DeliveryMetrics,
    Lanes,
    Sender,
    LaneTurn,
    Deliveries,
    WebhookStates,
    ResealedSecrets,
  ],
})
export class WebhooksModule {}
