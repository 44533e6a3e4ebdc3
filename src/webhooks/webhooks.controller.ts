import { Body, Controller, Delete, Get, Patch, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Operation } from '../api/operation.js';
import type { ExpectedVersions } from '../common/versions.js';
import { IfMatch } from '../http/precondition.js';
import { EVENTS_EXPIRED } from '../feed/events-expired.docs.js';
import { BASE_PATH } from '../http/resource.js';
import type { TenantScope } from '../identity/tenant-scope.js';
import { Tenant } from '../tenancy/request-scope.js';
import { CreateWebhookDto } from './dto/create-webhook.dto.js';
import { CursorQuery } from './dto/list-webhooks.query.js';
import { ReplayEventsDto, ReplayResponse } from './dto/replay-events.dto.js';
import { UpdateWebhookDto } from './dto/update-webhook.dto.js';
import { WebhookAttemptPageResponse, WebhookTestResponse } from './dto/webhook-attempt.response.js';
import {
  WebhookPageResponse,
  WebhookResponse,
  WebhookSecretResponse,
  WebhookWithSecretResponse,
} from './dto/webhook.response.js';
import { WebhookId } from './webhook-id.js';
import { WebhooksService } from './webhooks.service.js';

@ApiTags('Webhooks')
@Controller(`${BASE_PATH}/webhooks`)
export class WebhooksController {
  constructor(private readonly webhooks: WebhooksService) {}

  @Post()
  @Operation({
    id: 'createWebhook',
    summary: 'Create a webhook',
    scope: 'webhooks:manage',
    description:
      'Sends the events of the tenant (or of the unit) to a URL from now on, signed by Standard Webhooks. Needs the scope `events:read` too. The secret is shown only in this answer.',
    body: CreateWebhookDto,
    idempotent: true,
    status: 201,
    response: WebhookWithSecretResponse,
    problems: ['webhook_not_found'], // where it is repeated by its key and the webhook is gone
  })
  async create(
    @Tenant() scope: TenantScope,
    @Body() body: CreateWebhookDto,
  ): Promise<WebhookWithSecretResponse> {
    return WebhookWithSecretResponse.fromNew(await this.webhooks.create(scope, body.toNewWebhook()));
  }

  @Get()
  @Operation({
    id: 'listWebhooks',
    summary: 'List webhooks',
    scope: 'webhooks:manage',
    description: 'The webhooks of the tenant (or of the unit), oldest first.',
    query: CursorQuery,
    response: WebhookPageResponse,
    problems: ['invalid_cursor'],
  })
  async list(@Tenant() scope: TenantScope, @Query() query: CursorQuery): Promise<WebhookPageResponse> {
    return WebhookPageResponse.from(await this.webhooks.list(scope, query.toRequest()));
  }

  @Get(':webhook_id')
  @Operation({
    id: 'getWebhook',
    summary: 'Get a webhook',
    scope: 'webhooks:manage',
    description: 'Without its secret, which is told only when it is made.',
    response: WebhookResponse,
    problems: ['webhook_not_found'],
    conditional: 'read',
  })
  async get(@Tenant() scope: TenantScope, @WebhookId() id: string): Promise<WebhookResponse> {
    return WebhookResponse.from(await this.webhooks.get(scope, id));
  }

  @Patch(':webhook_id')
  @Operation({
    id: 'updateWebhook',
    summary: 'Change, disable or enable a webhook',
    scope: 'webhooks:manage',
    description: 'Needs the scope `events:read` too. Enabled again, it goes on at the present.',
    body: UpdateWebhookDto,
    idempotent: true,
    response: WebhookResponse,
    problems: ['webhook_not_found'],
    conditional: 'write',
  })
  async update(
    @Tenant() scope: TenantScope,
    @WebhookId() id: string,
    @Body() body: UpdateWebhookDto,
    @IfMatch() versions: ExpectedVersions,
  ): Promise<WebhookResponse> {
    return WebhookResponse.from(await this.webhooks.update(scope, id, body, versions));
  }

  @Delete(':webhook_id')
  @Operation({
    id: 'deleteWebhook',
    summary: 'Delete a webhook',
    scope: 'webhooks:manage',
    description: 'From now on nothing is sent any more.',
    status: 204,
    problems: ['webhook_not_found'],
    conditional: 'write',
  })
  async delete(
    @Tenant() scope: TenantScope,
    @WebhookId() id: string,
    @IfMatch() versions: ExpectedVersions,
  ): Promise<void> {
    await this.webhooks.delete(scope, id, versions);
  }

  @Post(':webhook_id/rotate-secret')
  @Operation({
    id: 'rotateWebhookSecret',
    summary: 'Give a webhook a new secret',
    scope: 'webhooks:manage',
    description: 'The old secret signs along for 24 hours.',
    idempotent: true,
    response: WebhookSecretResponse,
    problems: ['webhook_not_found'],
  })
  async rotateSecret(@Tenant() scope: TenantScope, @WebhookId() id: string): Promise<WebhookSecretResponse> {
    return WebhookSecretResponse.from(await this.webhooks.rotateSecret(scope, id));
  }

  @Post(':webhook_id/test')
  @Operation({
    id: 'testWebhook',
    summary: 'Send a test now',
    scope: 'webhooks:manage',
    description:
      'Sends `{"type": "webhook.test", …}`, which is no event of the feed, waits up to 5 s and answers what came of it.',
    response: WebhookTestResponse,
    problems: ['webhook_not_found'],
  })
  async test(@Tenant() scope: TenantScope, @WebhookId() id: string): Promise<WebhookTestResponse> {
    return WebhookTestResponse.from(await this.webhooks.test(scope, id));
  }

  @Post(':webhook_id/replay')
  @Operation({
    id: 'replayEvents',
    summary: 'Send events again',
    scope: 'webhooks:manage',
    description:
      'All behind an event, up to now, as far as the webhook wants them, also from before it was made; or one event.',
    body: ReplayEventsDto,
    examples: {
      all: { summary: 'All that are kept', value: { after: 'earliest' } },
    },
    idempotent: true,
    status: 202,
    response: ReplayResponse,
    problems: ['webhook_not_found', 'webhook_disabled', EVENTS_EXPIRED],
  })
  async replay(
    @Tenant() scope: TenantScope,
    @WebhookId() id: string,
    @Body() body: ReplayEventsDto,
  ): Promise<ReplayResponse> {
    await this.webhooks.replay(scope, id, body.toReplay());
    return new ReplayResponse();
  }

  @Get(':webhook_id/attempts')
  @Operation({
    id: 'listWebhookAttempts',
    summary: 'List what was tried',
    scope: 'webhooks:manage',
    description: 'The attempts to deliver events, newest first, of the last 30 days.',
    query: CursorQuery,
    response: WebhookAttemptPageResponse,
    problems: ['webhook_not_found', 'invalid_cursor'],
  })
  async listAttempts(
    @Tenant() scope: TenantScope,
    @WebhookId() id: string,
    @Query() query: CursorQuery,
  ): Promise<WebhookAttemptPageResponse> {
    return WebhookAttemptPageResponse.from(await this.webhooks.listAttempts(scope, id, query.toRequest()));
  }
}
