import { Body, Controller, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Operation } from '../api/operation.js';
import { ConversationId } from '../conversations/conversation-id.js';
import { ConversationResponse } from '../conversations/dto/conversation.response.js';
import { MAX_MESSAGES_BODY_BYTES } from '../http/body.js';
import { BASE_PATH } from '../http/resource.js';
import type { TenantScope } from '../identity/tenant-scope.js';
import { Tenant } from '../tenancy/request-scope.js';
import { ConversationStartsService } from './conversation-starts.service.js';
import {
  CREATE_CONVERSATION_EXAMPLES,
  FORK_CONVERSATION_EXAMPLES,
} from './dto/conversation-starts.examples.js';
import { CreateConversationDto, CreateConversationQuery } from './dto/create-conversation.dto.js';
import { ForkConversationDto } from './dto/fork-conversation.dto.js';

@ApiTags('Conversations')
@Controller(`${BASE_PATH}/conversations`)
export class ConversationStartsController {
  constructor(private readonly starts: ConversationStartsService) {}

  @Post()
  @Operation({
    id: 'createConversation',
    summary: 'Create a conversation',
    scope: 'conversations:write',
    description:
      'Every property of the body is optional, and so is the body. `Location` has the address of what was created. With `messages` it begins with these, all or nothing. With an `external_id` it is created once: again is 409, or with `if_exists` 200 and the conversation as it is.',
    query: CreateConversationQuery,
    body: CreateConversationDto,
    examples: CREATE_CONVERSATION_EXAMPLES,
    maxBodyBytes: MAX_MESSAGES_BODY_BYTES,
    idempotent: true,
    status: 201,
    existing: 'With `if_exists`: the conversation that has the `external_id`, as it is.',
    response: ConversationResponse,
    // It is not found where it is repeated by its key and is gone.
    problems: ['conversation_exists', 'conversation_not_found'],
  })
  async create(
    @Tenant() scope: TenantScope,
    @Query() query: CreateConversationQuery,
    @Body() body: CreateConversationDto,
  ): Promise<ConversationResponse> {
    return ConversationResponse.from(
      await this.starts.create(
        scope,
        body.toNewConversation(query),
        body.newMessages(),
        body.if_exists === 'return',
      ),
    );
  }

  @Post(':conversation_id/fork')
  @Operation({
    id: 'forkConversation',
    summary: 'Fork a conversation',
    scope: 'conversations:write',
    description:
      'A new conversation with copies of its messages, up to `up_to_sequence` (at most 2,000 and 16 MiB), and with its topic, agent, user, assignment, inputs, properties and unit; `running`. Later changes of either never reach the other: this is how an answer is tried again, a message edited, a branch taken.',
    body: ForkConversationDto,
    examples: FORK_CONVERSATION_EXAMPLES,
    idempotent: true,
    status: 201,
    response: ConversationResponse,
    problems: ['conversation_not_found', 'conversation_exists'],
  })
  async fork(
    @Tenant() scope: TenantScope,
    @ConversationId() id: string,
    @Body() body: ForkConversationDto,
  ): Promise<ConversationResponse> {
    return ConversationResponse.from(await this.starts.fork(scope, id, body.toFork()));
  }
}
