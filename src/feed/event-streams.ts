import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Gauge } from 'prom-client';
import { Authenticator } from '../auth/authenticator.js';
import { DomainError, Unavailable } from '../common/errors/domain-error.js';
import type { TenantScope } from '../identity/tenant-scope.js';
import { MetricsRegistry } from '../metrics/metrics-registry.js';
import type { EventPlace } from '../events/event-id.js';
import { EventsExpired } from './feed.errors.js';
import { type EventFilter, FeedService } from './feed.service.js';
import { FeedWatch } from './feed-watch.js';
import { frameOf, HEARTBEAT, RECONNECT, resetFrame } from './frames.js';

const MAX_STREAMS = 2_000;
const MAX_STREAMS_OF_CREDENTIAL = 100;
/** What a stream holds that is not read. */
const EVENTS_PER_CHUNK = 100;
const HEARTBEAT_MS = 15_000;
/** A credential that was revoked ends its streams within this time. */
const CREDENTIAL_CHECK_MS = 30_000;
/** A client that does not read for so long, with something to read, is cut off. */
const MAX_UNREAD_MS = 30_000;
const UNREAD_CHECK_MS = 5_000;
/** A client that does not take the end of its stream when the service stops is cut off. */
const MAX_ENDING_MS = 1_000;
const MAX_TIMER_MS = 2 ** 31 - 1;

interface Stream {
  credentialId: string;
  end: AbortController;
  cutOff: () => void;
  /** Since when the client has left something unread. */
  unreadSince: number | undefined;
}

/** Feeds as streams of server-sent events (HTML Living Standard, section 9.2), each bounded in what it holds. */
@Injectable()
export class EventStreams implements BeforeApplicationShutdown {
  readonly #open = new Set<Stream>();
  #isStopped = false;
  #watchdog: NodeJS.Timeout | undefined;

  constructor(
    private readonly feed: FeedService,
    private readonly watch: FeedWatch,
    private readonly authenticator: Authenticator,
    registry: MetricsRegistry,
  ) {
    const streams = this.#open;
    new Gauge({
      name: 'event_streams_open',
      help: 'Streams of events that are open.',
      registers: [registry],
      collect() {
        this.set(streams.size);
      },
    });
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#watchdog);
    for (const { end } of this.#open) end.abort();
    const deadline = Date.now() + MAX_ENDING_MS;
    while (this.#open.size > 0 && Date.now() < deadline) await sleep(20);
    for (const { cutOff } of this.#open) cutOff();
  }

  /** The events behind a place, and those that come. Throws `rate_limited` where too many streams are open. */
  open(
    scope: TenantScope,
    start: EventPlace,
    filter: EventFilter,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Readable {
    const stream = this.#admit(scope.principal.credentialId, () => reply.raw.destroy());
    reply.raw.once('close', () => {
      stream.end.abort();
      this.#open.delete(stream);
    });
    const ended = AbortSignal.any([stream.end.signal, ...endOf(scope)]);
    const frames = this.#frames(scope, start, filter, ended, request.raw.rawHeaders);
    return Readable.from(noticed(stream, frames), { objectMode: false, highWaterMark: 1 });
  }

  #admit(credentialId: string, cutOff: () => void): Stream {
    if (this.#isStopped) throw new Unavailable('The service is shutting down.');
    const ofCredential = [...this.#open].filter((stream) => stream.credentialId === credentialId).length;
    if (this.#open.size >= MAX_STREAMS || ofCredential >= MAX_STREAMS_OF_CREDENTIAL)
      throw new DomainError('rate_limited', 'Too many streams are open.', {
        headers: { 'retry-after': '10' },
      });
    const stream = { credentialId, end: new AbortController(), cutOff, unreadSince: undefined };
    this.#open.add(stream);
    this.#watchdog ??= setInterval(() => this.#cutOffUnread(), UNREAD_CHECK_MS).unref();
    return stream;
  }

  #cutOffUnread(): void {
    for (const { unreadSince, cutOff } of this.#open)
      if (unreadSince !== undefined && Date.now() - unreadSince > MAX_UNREAD_MS) cutOff();
  }

  async *#frames(
    scope: TenantScope,
    start: EventPlace,
    filter: EventFilter,
    ended: AbortSignal,
    credential: readonly string[],
  ): AsyncGenerator<string> {
    yield RECONNECT;
    let after = start;
    let checked = Date.now();
    try {
      while (!ended.aborted) {
        const page = await this.feed.read(scope, after, filter, EVENTS_PER_CHUNK);
        if (page.events.length > 0) yield page.events.map(frameOf).join('');
        after = page.next;
        if (Date.now() - checked > CREDENTIAL_CHECK_MS) {
          if (!(await this.#isStillValid(credential))) return;
          checked = Date.now();
        }
        if (page.hasMore) continue;
        const pause = AbortSignal.timeout(HEARTBEAT_MS);
        await this.watch.wait(scope.tenantId, after, AbortSignal.any([ended, pause]));
        if (pause.aborted) yield HEARTBEAT;
      }
    } catch (error) {
      if (!(error instanceof EventsExpired)) throw error;
      yield resetFrame(error.earliest);
    }
  }

  /** A credential that cannot be checked now is taken as it was. */
  async #isStillValid(credential: readonly string[]): Promise<boolean> {
    try {
      await this.authenticator.authenticate(credential);
      return true;
    } catch (error) {
      return error instanceof Unavailable;
    }
  }
}

/** Notes since when a chunk waits for the client to take it. */
async function* noticed(stream: Stream, frames: AsyncGenerator<string>): AsyncGenerator<string> {
  for await (const frame of frames) {
    stream.unreadSince = Date.now();
    yield frame;
    stream.unreadSince = undefined;
  }
}

/** Aborted when the credential ends, where that is known. */
function endOf({ principal: { expiresTime } }: TenantScope): AbortSignal[] {
  if (!expiresTime) return [];
  return [AbortSignal.timeout(Math.min(MAX_TIMER_MS, Math.max(0, expiresTime.getTime() - Date.now())))];
}
