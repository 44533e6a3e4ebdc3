import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ConversationsModule } from '../conversations/conversations.module.js';
import { IdempotencyModule } from '../idempotency/idempotency.module.js';
import { MessageAppender } from './message-appender.js';
import { MessagePurge } from './message-purge.js';
import { Message } from './message.entity.js';
import { MessagesController } from './messages.controller.js';
import { MessagesRepository } from './messages.repository.js';
import { MessagesService } from './messages.service.js';

@Module({
  imports: [TypeOrmModule.forFeature([Message]), ConversationsModule, IdempotencyModule],
  controllers: [MessagesController],
  providers: [MessagesService, MessageAppender, MessagesRepository, MessagePurge],
  exports: [MessagesService],
})
export class MessagesModule {}
