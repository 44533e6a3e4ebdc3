import { Controller, Get, Query, Req, Res, StreamableFile } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Operation } from '../api/operation.js';
import { BASE_PATH } from '../http/resource.js';
import type { TenantScope } from '../identity/tenant-scope.js';
import { Tenant } from '../tenancy/request-scope.js';
import { EventPageResponse } from './dto/event.response.js';
import { ListEventsQuery } from './dto/list-events.query.js';
import { EVENTS_EXPIRED } from './events-expired.docs.js';
import { FeedAnswers } from './feed-answers.js';
import { EVENT_STREAM } from './stream.docs.js';

@ApiTags('Events')
@Controller(`${BASE_PATH}/events`)
export class FeedController {
  constructor(private readonly answers: FeedAnswers) {}

  @Get()
  @Operation({
    id: 'listEvents',
    summary: 'Read what happened',
    scope: 'events:read',
    description:
      'Every committed change of a conversation or message, in an order that never changes. Go on with `next_after`. With `Accept: text/event-stream` it is a stream of the same (`streamEvents`): `id`, `event` (the type), `data` (the event); `Last-Event-ID` wins over `after`, and `event: reset` is its 410.',
    query: ListEventsQuery,
    response: EventPageResponse,
    stream: EVENT_STREAM,
    problems: [EVENTS_EXPIRED],
  })
  list(
    @Tenant() scope: TenantScope,
    @Query() query: ListEventsQuery,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<EventPageResponse | StreamableFile> {
    return this.answers.answer(scope, query, request, reply);
  }
}
