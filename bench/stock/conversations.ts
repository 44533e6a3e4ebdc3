import {
  Body,
  Controller,
  Get,
  Injectable,
  NotFoundException,
  Param,
  ParseUUIDPipe,
  Patch,
  Post,
  Query,
  UseGuards,
} from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { v7 } from 'uuid';
import { AuthGuard, type Claims, User } from './auth.guard.js';
import { Conversation } from './conversation.entity.js';
import { ConversationPageDto, CreateConversationDto, ListConversationsDto, UpdateStatusDto } from './dto.js';

@Injectable()
export class ConversationsService {
  constructor(@InjectRepository(Conversation) private readonly conversations: Repository<Conversation>) {}

  async findAll(tenantId: string, query: ListConversationsDto): Promise<ConversationPageDto> {
    const { page_num, page_size, status, agent_id } = query;
    const found = await this.conversations.findAndCount({
      where: {
        tenant_id: tenantId,
        ...(status !== undefined && { status }),
        ...(agent_id !== undefined && { agent_id }),
      },
      order: { id: 'DESC' },
      skip: (page_num - 1) * page_size,
      take: page_size,
    });
    return new ConversationPageDto(page_num, page_size, found);
  }

  async findOne(tenantId: string, id: string): Promise<Conversation> {
    const conversation = await this.conversations.findOneBy({ tenant_id: tenantId, id });
    if (!conversation) throw new NotFoundException();
    return conversation;
  }

  create(claims: Claims, dto: CreateConversationDto): Promise<Conversation> {
    const conversation = this.conversations.create({
      ...dto,
      id: v7(),
      tenant_id: claims.tenant_id,
      user_id: dto.user_id ?? claims.sub,
      message_count: 0,
      version: 1,
    });
    conversation.createdBy(claims, new Date());
    return this.conversations.save(conversation);
  }

  async updateStatus(claims: Claims, id: string, { status }: UpdateStatusDto): Promise<Conversation> {
    const conversation = await this.findOne(claims.tenant_id, id);
    if (conversation.status === status) return conversation;
    conversation.status = status;
    conversation.version += 1;
    conversation.changedBy(claims, new Date());
    return this.conversations.save(conversation);
  }
}

@UseGuards(AuthGuard)
@Controller('conversations')
export class ConversationsController {
  constructor(private readonly conversations: ConversationsService) {}

  @Get()
  findAll(@User() user: Claims, @Query() query: ListConversationsDto): Promise<ConversationPageDto> {
    return this.conversations.findAll(user.tenant_id, query);
  }

  @Get(':id')
  findOne(@User() user: Claims, @Param('id', ParseUUIDPipe) id: string): Promise<Conversation> {
    return this.conversations.findOne(user.tenant_id, id);
  }

  @Post()
  create(@User() user: Claims, @Body() dto: CreateConversationDto): Promise<Conversation> {
    return this.conversations.create(user, dto);
  }

  @Patch(':id/status')
  updateStatus(
    @User() user: Claims,
    @Param('id', ParseUUIDPipe) id: string,
    @Body() dto: UpdateStatusDto,
  ): Promise<Conversation> {
    return this.conversations.updateStatus(user, id, dto);
  }
}
