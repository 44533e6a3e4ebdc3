import { Body, Controller, Delete, Get, Patch, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Operation } from '../api/operation.js';
import type { ExpectedVersions } from '../common/versions.js';
import { IfMatch } from '../http/precondition.js';
import { BASE_PATH } from '../http/resource.js';
import { Tenant } from '../tenancy/request-scope.js';
import type { TenantScope } from '../identity/tenant-scope.js';
import { ConversationId } from './conversation-id.js';
import { ConversationListsService } from './conversation-lists.service.js';
import { ConversationsService } from './conversations.service.js';
import { UPDATE_CONVERSATION_EXAMPLES, UPDATE_STATUS_EXAMPLES } from './dto/conversation.examples.js';
import { STATUS_CONFLICT } from './dto/conversation.problems.js';
import { ConversationPageResponse, ConversationResponse } from './dto/conversation.response.js';
import { ListConversationsQuery } from './dto/list-conversations.query.js';
import { UpdateConversationDto, UpdateConversationStatusDto } from './dto/update-conversation.dto.js';

@ApiTags('Conversations')
@Controller(`${BASE_PATH}/conversations`)
export class ConversationsController {
  constructor(
    private readonly conversations: ConversationsService,
    private readonly lists: ConversationListsService,
  ) {}

  @Get()
  @Operation({
    id: 'listConversations',
    summary: 'List conversations',
    scope: 'conversations:read',
    description:
      'A page of the conversations of the tenant (or of one unit), filtered and in order. Go on with `page_num`, or with `cursor` at the same cost however deep.',
    query: ListConversationsQuery,
    response: ConversationPageResponse,
    problems: ['invalid_cursor'],
  })
  async list(@Tenant() scope: TenantScope, @Query() query: ListConversationsQuery): Promise<object> {
    return ConversationPageResponse.from(await this.lists.list(scope, query.toRequest()));
  }

  @Get(':conversation_id')
  @Operation({
    id: 'getConversation',
    summary: 'Get a conversation',
    scope: 'conversations:read',
    description: 'Without its messages; `message_count` says how many there are.',
    response: ConversationResponse,
    problems: ['conversation_not_found'],
    conditional: 'read',
  })
  async get(@Tenant() scope: TenantScope, @ConversationId() id: string): Promise<ConversationResponse> {
    return ConversationResponse.from(await this.conversations.get(scope, id));
  }

  @Patch(':conversation_id')
  @Operation({
    id: 'updateConversation',
    summary: 'Change the topic or the properties of a conversation',
    scope: 'conversations:write',
    description:
      'Sets `topic` and replaces `extend_properties`, as far as they are given; one of them must be. Setting what it has changes nothing, `updated_time` included.',
    body: UpdateConversationDto,
    examples: UPDATE_CONVERSATION_EXAMPLES,
    response: ConversationResponse,
    problems: ['conversation_not_found'],
    idempotent: true,
    conditional: 'write',
  })
  async update(
    @Tenant() scope: TenantScope,
    @ConversationId() id: string,
    @Body() body: UpdateConversationDto,
    @IfMatch() versions: ExpectedVersions,
  ): Promise<ConversationResponse> {
    return ConversationResponse.from(await this.conversations.update(scope, id, body.toUpdate(), versions));
  }

  @Delete(':conversation_id')
  @Operation({
    id: 'deleteConversation',
    summary: 'Delete a conversation and its messages',
    scope: 'conversations:write',
    description: 'Both are gone from every answer when this is answered. There is no way back.',
    status: 204,
    problems: ['conversation_not_found'],
    conditional: 'write',
  })
  async delete(
    @Tenant() scope: TenantScope,
    @ConversationId() id: string,
    @IfMatch() versions: ExpectedVersions,
  ): Promise<void> {
    await this.conversations.delete(scope, id, versions);
  }

  @Patch(':conversation_id/status')
  @Operation({
    id: 'updateConversationStatus',
    summary: 'Change the status of a conversation',
    scope: 'conversations:write',
    description:
      'Any status may follow any other. Null, absent or the status it has changes nothing, `updated_time` included.',
    body: UpdateConversationStatusDto,
    examples: UPDATE_STATUS_EXAMPLES,
    response: ConversationResponse,
    problems: ['conversation_not_found', STATUS_CONFLICT],
    idempotent: true,
    conditional: 'write',
  })
  async updateStatus(
    @Tenant() scope: TenantScope,
    @ConversationId() id: string,
    @Body() body: UpdateConversationStatusDto,
    @IfMatch() versions: ExpectedVersions,
  ): Promise<ConversationResponse> {
    const expected = { versions, status: body.expected_status };
    return ConversationResponse.from(await this.conversations.changeStatus(scope, id, body.status, expected));
  }
}
