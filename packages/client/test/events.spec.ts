import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { type Link, TcpProxy } from '../../../test/support/tcp-proxy.js';
import { tokenFor } from '../../../test/support/test-client.js';
import { ApiError } from '../src/errors.js';
import type { Event } from '../src/event.js';
import { caught } from './support/caught.js';
import { clientOf, startService, watchAttempts } from './support/service.js';

const service = await startService();
const links = new Set<Link>();
const proxy = await TcpProxy.before(service.url, (link) => {
  links.add(link);
  link.client.pipe(link.server).pipe(link.client);
});
/** Breaks all connections. */
const cutAll = () => links.forEach(({ cut }) => cut());
afterEach(cutAll);
afterAll(() => proxy.close());

const SCOPES = ['conversations:read', 'conversations:write', 'events:read'];
/** Each story has a tenant, and so a feed, of its own. */
const clientFor = (tenant: string, options: Parameters<typeof clientOf>[1] = {}) =>
  clientOf(proxy.url, { token: () => tokenFor({ tenant, scopes: SCOPES }), ...options });

const hello = { message_from: 'user', content: 'Hello' } as const;

/** The next `count` events of a stream, which stays open. */
async function take(events: AsyncIterator<Event>, count: number): Promise<Event[]> {
  const taken: Event[] = [];
  while (taken.length < count) {
    const { value } = await events.next();
    taken.push(value);
  }
  return taken;
}

describe('events', () => {
  it('are pulled to the end, and from there on another time', async () => {
    const { conversations, events } = clientFor('pull');
    const { id } = await conversations.create();
    await conversations.messages.appendAll(id, { messages: [hello, hello] });
    const read = await firstOf(() => events.list({ limit: 2 }).toArray(), 3);

    expect(read.map(({ type }) => type)).toEqual([
      'conversation.created',
      'message.created',
      'message.created',
    ]);
    const { next_after } = await events.list({ after: 'latest' });
    expect(next_after).toBe(read.at(-1)?.id);
    await conversations.update(id, { topic: 'Changed' });
    expect(await events.list({ after: next_after, wait: 20 }).toArray()).toMatchObject([
      { type: 'conversation.updated', conversation_id: id },
    ]);
  });

  it('are a stream that goes on behind what was seen when its connection breaks', async () => {
    const { attempts, onAttempt } = watchAttempts();
    const { conversations, events } = clientFor('stream', { onAttempt });
    const { id } = await conversations.create();
    const stream = events.stream();

    const before = await take(stream, 1);
    cutAll();
    await conversations.messages.append(id, hello);
    await conversations.messages.append(id, hello);
    const after = await take(stream, 2);
    await stream.return(undefined as never);

    expect([...before, ...after].map(({ type }) => type)).toEqual([
      'conversation.created',
      'message.created',
      'message.created',
    ]);
    expect(attempts.filter(({ url }) => url.includes('/events')).length).toBeGreaterThan(1);
    expect(await events.list().toArray()).toEqual([...before, ...after]);
  });

  it('are a stream from now on, without what happened before', async () => {
    const { conversations, events } = clientFor('latest');
    await firstOf(() => conversations.create().then(() => events.list().toArray()), 1);
    const stream = events.stream({ after: 'latest', types: ['conversation.deleted'] });
    const next = stream.next();
    const { id } = await conversations.create();
    await conversations.delete(id);

    expect((await next).value).toMatchObject({ type: 'conversation.deleted', conversation_id: id });
    await stream.return(undefined as never);
  });

  it('are a stream that its signal ends', async () => {
    const { events } = clientFor('signal');
    const controller = new AbortController();
    const next = caught(events.stream({}, { signal: controller.signal }).next());

    setTimeout(() => controller.abort(), 200);

    expect(await next).toMatchObject({ name: 'AbortError' });
  });

  it('that are kept no more are told: there is no gap in silence', async () => {
    const { events } = clientFor('expired');
    const after = '00000000000-7';

    const error = await caught(events.stream({ after }).next());

    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ code: 'events_expired', problem: { earliest: expect.any(String) } });
  });
});

/** A worker publishes what was committed within a second. */
async function firstOf(read: () => Promise<Event[]>, count: number): Promise<Event[]> {
  for (;;) {
    const events = await read();
    if (events.length >= count) return events;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
