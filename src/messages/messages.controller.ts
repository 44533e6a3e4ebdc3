import { Body, Controller, Get, Patch, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Operation } from '../api/operation.js';
import { MAX_MESSAGES_BODY_BYTES } from '../http/body.js';
import { BASE_PATH } from '../http/resource.js';
import type { ExpectedVersions } from '../common/versions.js';
import { IfMatch } from '../http/precondition.js';
import { ConversationId } from '../conversations/conversation-id.js';
import { Tenant } from '../tenancy/request-scope.js';
import type { TenantScope } from '../identity/tenant-scope.js';
import { AppendMessageDto, AppendMessagesDto, newMessagesOf } from './dto/append-message.dto.js';
import { APPEND_MESSAGE_EXAMPLES, APPEND_MESSAGES_EXAMPLES } from './dto/message.examples.js';
import { ListMessagesQuery } from './dto/list-messages.query.js';
import { AppendedMessagesResponse, MessagePageResponse, MessageResponse } from './dto/message.response.js';
import { SEQUENCE_CONFLICT } from './dto/message.problems.js';
import { UpdateMessageDto } from './dto/update-message.dto.js';
import { MessageId } from './message-id.js';
import { MessagesService } from './messages.service.js';

@ApiTags('Messages')
@Controller(`${BASE_PATH}/conversations/:conversation_id/messages`)
export class MessagesController {
  constructor(private readonly messages: MessagesService) {}

  @Get()
  @Operation({
    id: 'listMessages',
    summary: 'List the messages of a conversation',
    scope: 'conversations:read',
    description:
      'A page by `sequence`. Any page costs the same. `after_sequence` and `before_sequence` read on from a known message.',
    query: ListMessagesQuery,
    response: MessagePageResponse,
    problems: ['conversation_not_found'],
  })
  async list(
    @Tenant() scope: TenantScope,
    @ConversationId() conversationId: string,
    @Query() query: ListMessagesQuery,
  ): Promise<object> {
    return MessagePageResponse.from(await this.messages.list(scope, conversationId, query.toRequest()));
  }

  @Post()
  @Operation({
    id: 'appendMessage',
    summary: 'Append a message',
    scope: 'conversations:write',
    description:
      'Puts the message after the last one and answers it with its `sequence`. With an `external_id` it is stored once: again is 409, or with `if_exists` 200 and the message as it is. `expected_last_sequence` tells one of two writers that the other was first.',
    body: AppendMessageDto,
    examples: APPEND_MESSAGE_EXAMPLES,
    maxBodyBytes: MAX_MESSAGES_BODY_BYTES,
    idempotent: true,
    status: 201,
    existing: 'With `if_exists`: the message that has the `external_id`, as it is.',
    response: MessageResponse,
    problems: ['conversation_not_found', 'message_exists', SEQUENCE_CONFLICT],
  })
  async append(
    @Tenant() scope: TenantScope,
    @ConversationId() conversationId: string,
    @Body() body: AppendMessageDto,
  ): Promise<MessageResponse> {
    const messages = [body.toNewMessage()];
    return MessageResponse.fromOnly(
      await this.messages.append(scope, conversationId, messages, body.toConditions()),
    );
  }

  @Post('batch')
  @Operation({
    id: 'appendMessages',
    summary: 'Append up to 500 messages',
    scope: 'conversations:write',
    description:
      'All or none, in the given order, with sequences that follow each other. A body may have 8 MiB. With `if_exists`, messages whose `external_id` is there already are answered in their place, and only the rest is stored (200 where nothing was).',
    body: AppendMessagesDto,
    examples: APPEND_MESSAGES_EXAMPLES,
    maxBodyBytes: MAX_MESSAGES_BODY_BYTES,
    idempotent: true,
    status: 201,
    existing: 'With `if_exists`, where all were there already: the messages as they are.',
    response: AppendedMessagesResponse,
    problems: ['conversation_not_found', 'message_exists', SEQUENCE_CONFLICT],
  })
  async appendBatch(
    @Tenant() scope: TenantScope,
    @ConversationId() conversationId: string,
    @Body() body: AppendMessagesDto,
  ): Promise<AppendedMessagesResponse> {
    const messages = newMessagesOf(body.messages);
    return AppendedMessagesResponse.from(
      await this.messages.append(scope, conversationId, messages, body.toConditions()),
    );
  }

  @Get(':message_id')
  @Operation({
    id: 'getMessage',
    summary: 'Get a message',
    scope: 'conversations:read',
    description: 'One message of the conversation, by its `id`.',
    response: MessageResponse,
    problems: ['conversation_not_found', 'message_not_found'],
    conditional: 'read',
  })
  async get(
    @Tenant() scope: TenantScope,
    @ConversationId() conversationId: string,
    @MessageId() id: string,
  ): Promise<MessageResponse> {
    return MessageResponse.from(await this.messages.get(scope, conversationId, id));
  }

  @Patch(':message_id')
  @Operation({
    id: 'updateMessage',
    summary: 'Set the feedback or metadata of a message, or hide it',
    scope: 'conversations:write',
    description:
      'Sets `feedback` and `hidden`, and replaces `metadata`, as far as they are given. The content never changes.',
    body: UpdateMessageDto,
    response: MessageResponse,
    problems: ['conversation_not_found', 'message_not_found', 'message_redacted'],
    idempotent: true,
    conditional: 'write',
  })
  async update(
    @Tenant() scope: TenantScope,
    @ConversationId() conversationId: string,
    @MessageId() id: string,
    @Body() body: UpdateMessageDto,
    @IfMatch() versions: ExpectedVersions,
  ): Promise<MessageResponse> {
    return MessageResponse.from(await this.messages.annotate(scope, conversationId, id, body, versions));
  }

  @Post(':message_id/redact')
  @Operation({
    id: 'redactMessage',
    summary: 'Take the text out of a message, for good',
    scope: 'conversations:write',
    description:
      'Empties `content`, `parts`, `metadata` and `feedback` in place; sequence, times, tokens, authors, `external_id` and `hidden` stay. Again changes nothing. When this answers, no table has the text any more. Copies in forks are messages of their own.',
    response: MessageResponse,
    problems: ['conversation_not_found', 'message_not_found'],
    idempotent: true,
    conditional: 'write',
  })
  async redact(
    @Tenant() scope: TenantScope,
    @ConversationId() conversationId: string,
    @MessageId() id: string,
    @IfMatch() versions: ExpectedVersions,
  ): Promise<MessageResponse> {
    return MessageResponse.from(await this.messages.redact(scope, conversationId, id, versions));
  }
}
