import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ConversationsModule } from '../conversations/conversations.module.js';
import { IdempotencyModule } from '../idempotency/idempotency.module.js';
import { ConversationStartsController } from './conversation-starts.controller.js';
import { ConversationStartsService } from './conversation-starts.service.js';
import { MessageAppender } from './message-appender.js';
import { MessageName } from './message-name.entity.js';
import { MessageNamesRepository } from './message-names.repository.js';
import { MessagePurge } from './message-purge.js';
import { Message } from './message.entity.js';
import { MessagesController } from './messages.controller.js';
import { MessagesRepository } from './messages.repository.js';
import { MessagesService } from './messages.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([Message, MessageName]), ConversationsModule, IdempotencyModule],
  controllers: [ConversationStartsController, MessagesController],
  providers: [
    ConversationStartsService,
    MessagesService,
    MessageAppender,
    MessagesRepository,
    MessageNamesRepository,
    MessagePurge,
  ],
  exports: [MessagesService],
})
export class MessagesModule {}
