import { Module } from '@nestjs/common';
import { ConversationsModule } from '../conversations/conversations.module.js';
import { MessagesModule } from '../messages/messages.module.js';
import { ExportsController } from './exports.controller.js';
import { ExportsService } from './exports.service.js';

@Module({
  imports: [ConversationsModule, MessagesModule],
  controllers: [ExportsController],
  providers: [ExportsService],
})
export class ExportsModule {}
