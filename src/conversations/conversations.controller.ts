import { Body, Controller, Delete, Get, HttpCode, Patch, Post, Query, UseInterceptors } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { RequireScope } from '../auth/decorators.js';
import { BODY_PROBLEMS, Operation } from '../http/operation.js';
import type { ExpectedVersions } from '../common/versions.js';
import { IfMatch } from '../http/precondition.js';
import { ValidationInterceptor } from '../http/validation/validation.interceptor.js';
import { IdempotencyInterceptor } from '../idempotency/idempotency.interceptor.js';
import { Once, OnceOnly } from '../idempotency/once-only.js';
import { Tenant } from '../tenancy/request-scope.js';
import type { TenantScope } from '../identity/tenant-scope.js';
import { TenantQuery } from '../tenancy/tenant.query.js';
import { ConversationId } from './conversation-id.js';
import { ConversationsService } from './conversations.service.js';
import { CREATE_CONVERSATION_EXAMPLES, UPDATE_STATUS_EXAMPLES } from './dto/conversation.examples.js';
import { ConversationPageResponse, ConversationResponse } from './dto/conversation.response.js';
import { CreateConversationDto, CreateConversationQuery } from './dto/create-conversation.dto.js';
import { ListConversationsQuery } from './dto/list-conversations.query.js';
import { UpdateConversationDto, UpdateConversationStatusDto } from './dto/update-conversation.dto.js';

@ApiTags('Conversations')
@Controller('conversations')
export class ConversationsController {
  constructor(private readonly conversations: ConversationsService) {}

  @Get()
  @RequireScope('conversations:read')
  @Operation({
    id: 'listConversations',
    summary: 'List conversations',
    description:
      'A page of the conversations of the tenant (or of one unit), filtered and in order. Go on with `page_num`, or with `cursor` at the same cost however deep.',
    response: ConversationPageResponse,
    problems: ['invalid_cursor'],
  })
  async list(
    @Tenant() scope: TenantScope,
    @Query() query: ListConversationsQuery,
  ): Promise<ConversationPageResponse> {
    return ConversationPageResponse.from(await this.conversations.list(scope, query.toRequest()));
  }

  @Post()
  @UseInterceptors(IdempotencyInterceptor, ValidationInterceptor)
  @RequireScope('conversations:write')
  @Operation({
    id: 'createConversation',
    summary: 'Create a conversation',
    description:
      'Every property of the body is optional, and so is the body. `Location` has the address of what was created.',
    body: { type: CreateConversationDto, examples: CREATE_CONVERSATION_EXAMPLES },
    status: 201,
    response: ConversationResponse,
    problems: BODY_PROBLEMS,
  })
  async create(
    @Tenant() scope: TenantScope,
    @Query() query: CreateConversationQuery,
    @Body() body: CreateConversationDto,
    @Once() once: OnceOnly,
  ): Promise<ConversationResponse> {
    return this.conversations.create(
      scope,
      body.toNewConversation(query),
      once.answering(ConversationResponse.from),
    );
  }

  @Get(':conversation_id')
  @RequireScope('conversations:read')
  @Operation({
    id: 'getConversation',
    summary: 'Get a conversation',
    description: 'Without its messages; `message_count` says how many there are.',
    response: ConversationResponse,
    problems: ['conversation_not_found'],
    conditional: 'read',
  })
  async get(
    @Tenant() scope: TenantScope,
    @ConversationId() id: string,
    @Query() _query: TenantQuery,
  ): Promise<ConversationResponse> {
    return ConversationResponse.from(await this.conversations.get(scope, id));
  }

  @Patch(':conversation_id')
  @UseInterceptors(ValidationInterceptor)
  @RequireScope('conversations:write')
  @Operation({
    id: 'updateConversation',
    summary: 'Change the topic of a conversation',
    description:
      'Only the topic can be changed. Setting the topic it has changes nothing, `updated_time` included.',
    response: ConversationResponse,
    problems: [...BODY_PROBLEMS, 'conversation_not_found'],
    conditional: 'write',
  })
  async update(
    @Tenant() scope: TenantScope,
    @ConversationId() id: string,
    @Query() _query: TenantQuery,
    @Body() body: UpdateConversationDto,
    @IfMatch() versions: ExpectedVersions,
  ): Promise<ConversationResponse> {
    return ConversationResponse.from(await this.conversations.changeTopic(scope, id, body.topic, versions));
  }

  @Delete(':conversation_id')
  @HttpCode(204)
  @RequireScope('conversations:write')
  @Operation({
    id: 'deleteConversation',
    summary: 'Delete a conversation and its messages',
    description: 'Both are gone from every answer when this is answered. There is no way back.',
    status: 204,
    problems: ['conversation_not_found'],
    conditional: 'write',
  })
  async delete(
    @Tenant() scope: TenantScope,
    @ConversationId() id: string,
    @Query() _query: TenantQuery,
    @IfMatch() versions: ExpectedVersions,
  ): Promise<void> {
    await this.conversations.delete(scope, id, versions);
  }

  @Patch(':conversation_id/status')
  @UseInterceptors(ValidationInterceptor)
  @RequireScope('conversations:write')
  @Operation({
    id: 'updateConversationStatus',
    summary: 'Change the status of a conversation',
    description:
      'Any status may follow any other. Null, absent or the status it has changes nothing, `updated_time` included.',
    body: { type: UpdateConversationStatusDto, examples: UPDATE_STATUS_EXAMPLES },
    response: ConversationResponse,
    problems: [...BODY_PROBLEMS, 'conversation_not_found', 'status_conflict'],
    conditional: 'write',
  })
  async updateStatus(
    @Tenant() scope: TenantScope,
    @ConversationId() id: string,
    @Query() _query: TenantQuery,
    @Body() body: UpdateConversationStatusDto,
    @IfMatch() versions: ExpectedVersions,
  ): Promise<ConversationResponse> {
    const expected = { versions, status: body.expected_status };
    return ConversationResponse.from(await this.conversations.changeStatus(scope, id, body.status, expected));
  }
}
