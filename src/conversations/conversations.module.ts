import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { IdempotencyModule } from '../idempotency/idempotency.module.js';
import { ConversationCount } from './conversation-count.entity.js';
import { ConversationCountsRepository } from './conversation-counts.repository.js';
import { ConversationListsService } from './conversation-lists.service.js';
import { Conversation } from './conversation.entity.js';
import { ConversationsController } from './conversations.controller.js';
import { ConversationsRepository } from './conversations.repository.js';
import { ConversationsService } from './conversations.service.js';
import { DeletedConversation } from './deleted-conversation.entity.js';
import { DeletedConversationsQueue } from './deleted-conversations.queue.js';
import { DeletedConversationsRepository } from './deleted-conversations.repository.js';
import { WriteEffects } from './write-effects.js';

@Module({
  imports: [
    TypeOrmModule.forFeature([Conversation, ConversationCount, DeletedConversation]),
    IdempotencyModule,
  ],
  controllers: [ConversationsController],
  providers: [
    ConversationCountsRepository,
    ConversationListsService,
    ConversationsService,
    ConversationsRepository,
    DeletedConversationsRepository,
    DeletedConversationsQueue,
    WriteEffects,
  ],
  exports: [
    ConversationListsService,
    ConversationsRepository,
    ConversationsService,
    WriteEffects,
    DeletedConversationsRepository,
    DeletedConversationsQueue,
  ],
})
export class ConversationsModule {}
