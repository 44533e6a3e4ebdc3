import { Injectable, StreamableFile } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ValidationFailed } from '../common/errors/domain-error.js';
import type { TenantScope } from '../identity/tenant-scope.js';
import { EventPageResponse } from './dto/event.response.js';
import { EVENT_PLACE, EVENT_PLACE_RULE, type ListEventsQuery } from './dto/list-events.query.js';
import { EventStreams } from './event-streams.js';
import { FeedService } from './feed.service.js';
import { StoppingSignal } from './stopping-signal.js';

const STREAM = 'text/event-stream';
const PAGE = 'application/json';

/** The two forms in which a feed is answered: a page, or a stream for who accepts one. */
@Injectable()
export class FeedAnswers {
  constructor(
    private readonly feed: FeedService,
    private readonly streams: EventStreams,
    private readonly stopping: StoppingSignal,
  ) {}

  async answer(
    scope: TenantScope,
    query: ListEventsQuery,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<EventPageResponse | StreamableFile> {
    const isStream = request.method === 'GET' && prefersStream(request.headers.accept);
    const start = await this.feed.locate(scope, (isStream && lastEventId(request)) || query.after);
    void reply.header('cache-control', 'no-store');
    if (isStream) {
      const stream = this.streams.open(scope, start, query.toFilter(), request, reply);
      // Kept alive, it would keep a service from stopping.
      void reply.headers({ 'x-accel-buffering': 'no', connection: 'close' });
      return new StreamableFile(stream, { type: STREAM });
    }
    const gone = new AbortController();
    reply.raw.once('close', () => gone.abort());
    const signal = AbortSignal.any([gone.signal, this.stopping.signal]);
    const bounds = { limit: query.limit, waitMs: query.wait * 1000, signal };
    return EventPageResponse.from(await this.feed.readWaiting(scope, start, query.toFilter(), bounds));
  }
}

/** Whether a stream is named, and a page is not liked better (RFC 9110, section 12.5.1). */
function prefersStream(accept = ''): boolean {
  const qualities = new Map(accept.split(',').map(qualityIn));
  const quality = qualities.get(STREAM) ?? 0;
  return quality > 0 && quality >= (qualities.get(PAGE) ?? 0);
}

function qualityIn(range: string): [type: string, quality: number] {
  const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
  const q = parameters.find((parameter) => parameter.startsWith('q='));
  return [type, q === undefined ? 1 : Number(q.slice('q='.length)) || 0];
}

/** Where a client that was cut off goes on. Throws ValidationFailed. */
function lastEventId({ headers }: FastifyRequest): string | undefined {
  const id = headers['last-event-id'];
  if (id === undefined || id === '') return undefined;
  if (typeof id === 'string' && EVENT_PLACE.test(id)) return id;
  throw new ValidationFailed([{ detail: EVENT_PLACE_RULE, parameter: 'Last-Event-ID' }]);
}
