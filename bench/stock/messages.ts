import {
  Body,
  Controller,
  Get,
  Injectable,
  NotFoundException,
  Param,
  ParseUUIDPipe,
  Post,
  Query,
  UseGuards,
} from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { DataSource, Repository } from 'typeorm';
import { newMessageId } from '../../src/messages/new-message-id.js';
import { AuthGuard, type Claims, User } from './auth.guard.js';
import { Conversation } from './conversation.entity.js';
import { ConversationsService } from './conversations.js';
import { CreateMessageDto, CreateMessagesDto, ListMessagesDto, MessagePageDto } from './dto.js';
import { Message } from './message.entity.js';

@Injectable()
export class MessagesService {
  constructor(
    @InjectRepository(Message) private readonly messages: Repository<Message>,
    private readonly conversations: ConversationsService,
    private readonly dataSource: DataSource,
  ) {}

  async findAll(tenantId: string, conversationId: string, query: ListMessagesDto): Promise<MessagePageDto> {
    await this.conversations.findOne(tenantId, conversationId);
    const found = await this.messages.findAndCount({
      where: { tenant_id: tenantId, conversation_id: conversationId },
      order: { sequence: 'ASC' },
      skip: (query.page - 1) * query.page_size,
      take: query.page_size,
    });
    return new MessagePageDto(query.page, query.page_size, found);
  }

  append(claims: Claims, conversationId: string, dtos: CreateMessageDto[]): Promise<Message[]> {
    return this.dataSource.transaction(async (manager) => {
      const conversation = await manager.findOne(Conversation, {
        where: { tenant_id: claims.tenant_id, id: conversationId },
        lock: { mode: 'pessimistic_write' },
      });
      if (!conversation) throw new NotFoundException();
      const now = new Date();
      const messages = dtos.map((dto, index) => {
        const sequence = conversation.message_count + 1 + index;
        const message = manager.create(Message, {
          ...dto,
          id: newMessageId(now, sequence),
          tenant_id: conversation.tenant_id,
          tenant_unit_id: conversation.tenant_unit_id,
          conversation_id: conversation.id,
          sequence,
          agent_id: conversation.agent_id,
          user_id: conversation.user_id,
          requested_time: now,
          total_tokens: dto.input_tokens + dto.answer_tokens,
          version: 1,
        });
        message.createdBy(claims, now);
        return message;
      });
      conversation.message_count += dtos.length;
      conversation.version += 1;
      conversation.changedBy(claims, now);
      await manager.save(conversation);
      return manager.save(messages);
    });
  }
}

@UseGuards(AuthGuard)
@Controller('conversations/:id/messages')
export class MessagesController {
  constructor(private readonly messages: MessagesService) {}

  @Get()
  findAll(
    @User() user: Claims,
    @Param('id', ParseUUIDPipe) id: string,
    @Query() query: ListMessagesDto,
  ): Promise<MessagePageDto> {
    return this.messages.findAll(user.tenant_id, id, query);
  }

  @Post()
  async create(
    @User() user: Claims,
    @Param('id', ParseUUIDPipe) id: string,
    @Body() dto: CreateMessageDto,
  ): Promise<Message | undefined> {
    const [message] = await this.messages.append(user, id, [dto]);
    return message;
  }

  @Post('batch')
  async createMany(
    @User() user: Claims,
    @Param('id', ParseUUIDPipe) id: string,
    @Body() dto: CreateMessagesDto,
  ): Promise<{ data: Message[] }> {
    return { data: await this.messages.append(user, id, dto.messages) };
  }
}
