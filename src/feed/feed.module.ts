import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { EventStreams } from './event-streams.js';
import { FeedAnswers } from './feed-answers.js';
import { FeedController } from './feed.controller.js';
import { FeedService } from './feed.service.js';
import { FeedWatch } from './feed-watch.js';
import { StoppingSignal } from './stopping-signal.js';

@Module({
  imports: [AuthModule],
  controllers: [FeedController],
  providers: [FeedService, FeedAnswers, FeedWatch, EventStreams, StoppingSignal],
  exports: [FeedService],
})
export class FeedModule {}
