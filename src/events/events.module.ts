import { type DynamicModule, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import type { AppConfig } from '../config/app-config.js';
import { Epochs } from './epochs.js';
import { EpochsRepository } from './epochs.repository.js';
import { Feed, FeedEpoch, PendingEvents, PublishedEvents } from './event.entity.js';
import { EventOutbox } from './event-outbox.js';
import { EventPublisher } from './event-publisher.js';
import { EventRetention } from './event-retention.js';
import { EventsRepository } from './events.repository.js';
import { FeedMarksRepository } from './feed-marks.repository.js';
import { FeedSignals } from './feed-signals.js';
import { FeedsRepository } from './feeds.repository.js';
import { PendingEventsRepository } from './pending-events.repository.js';
import { PublishingRepository } from './publishing.repository.js';
import { SharedSignals } from './shared-signals.js';

/** Everybody who writes leaves events. */
@Module({})
export class EventsModule {
  static with({ database, events, redisUrl }: AppConfig): DynamicModule {
    const isPublished = database.engine === 'mysql' && events.mode !== 'off';
    const sharedSignals = {
      provide: SharedSignals,
      inject: [FeedSignals],
      useFactory: (signals: FeedSignals) => redisUrl && SharedSignals.connect(redisUrl, signals),
    };
    return {
      module: EventsModule,
      global: true,
      imports: [TypeOrmModule.forFeature([PendingEvents, PublishedEvents, Feed, FeedEpoch])],
      providers: [
        EventOutbox,
        EventsRepository,
        FeedsRepository,
        FeedMarksRepository,
        FeedSignals,
        PendingEventsRepository,
        EpochsRepository,
        Epochs,
        EventRetention,
        ...(isPublished ? [EventPublisher, PublishingRepository, sharedSignals] : []),
      ],
      exports: [
        EventOutbox,
        EventsRepository,
        FeedsRepository,
        FeedMarksRepository,
        FeedSignals,
        EpochsRepository,
      ],
    };
  }
}
