import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { EpochsRepository } from '../../src/events/epochs.repository.js';
import { EventsRepository } from '../../src/events/events.repository.js';
import { FeedWatch } from '../../src/feed/feed-watch.js';
import { Health } from '../../src/monitoring/health.js';
import { createTestApp } from '../support/create-test-app.js';
import { until } from '../support/until.js';
import { signToken } from '../support/tokens.js';

const open: AbortController[] = [];
// Before the apps are closed: clients keep connections open that never had a request.
afterAll(() => {
  for (const controller of open) controller.abort();
  first.app.getHttpServer().closeAllConnections();
});
const first = await createTestApp();
const second = await createTestApp({ databaseUrl: first.databaseUrl });
// Clients keep connections open that never had a request; the one that stops has none of them.
const third = await createTestApp({ databaseUrl: first.databaseUrl });
const url = await first.listen();
const urlOfThird = await third.listen();
const SCOPES = ['conversations:read', 'conversations:write', 'events:read'];

interface Sent {
  id: string | undefined;
  event: string | undefined;
  data: string | undefined;
}

/** A stream that is read to its end; what came so far, and whether it has ended. */
async function stream(
  tenant: string,
  {
    base = url,
    query = '',
    headers = {},
    expires = '1h',
  }: { base?: string; query?: string; headers?: Record<string, string>; expires?: string | number } = {},
) {
  const token = await signToken({ exp: expires, claims: { tenant_id: tenant, scope: SCOPES.join(' ') } });
  const controller = new AbortController();
  open.push(controller);
  const answer = await fetch(`${base}/admin/api/v2/events${query}`, {
    headers: { accept: 'text/event-stream', authorization: `Bearer ${token}`, ...headers },
    signal: controller.signal,
  });
  const sent: Sent[] = [];
  const state = { sent, answer, hasEnded: false, close: () => controller.abort() };
  void (async () => {
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of answer.body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) {
        const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
        if (field('data') !== undefined)
          sent.push({ id: field('id'), event: field('event'), data: field('data') });
      }
    }
    state.hasEnded = true;
  })().catch(() => (state.hasEnded = true));
  return state;
}

const hello = { message_from: 'user', content: 'Hello' };

describe('a stream', () => {
  it('sends what happened, then what happens, through whichever replica', async () => {
    const ada = second.as({ tenant: 'live' });
    const { body } = await ada.post('/conversations');

    const { sent, answer } = await stream('live');
    await until('the first event has come', () => sent.length === 1);
    await ada.post(`/conversations/${body.id}/messages`, hello);
    await until('the second event has come', () => sent.length === 2);

    expect(answer.headers.get('content-type')).toContain('text/event-stream');
    expect(answer.headers.get('x-accel-buffering')).toBe('no');
    const { body: page } = await ada.get('/events');
    expect(sent).toEqual(
      page.data.map((event: { id: string; type: string }) => ({
        id: event.id,
        event: event.type,
        data: JSON.stringify(event),
      })),
    );
  });

  it('goes on behind Last-Event-ID, which wins over after', async () => {
    const ada = first.as({ tenant: 'resumed' });
    for (let n = 0; n < 3; n++) await ada.post('/conversations');
    const { sent } = await stream('resumed');
    await until('all have come', () => sent.length === 3);

    const resumed = await stream('resumed', {
      query: '?after=latest',
      headers: { 'last-event-id': sent[1]?.id ?? '' },
    });

    await until('the last one has come', () => resumed.sent.length === 1);
    expect(resumed.sent).toEqual([sent[2]]);
  });

  it('costs no reads of its own: what wakes many at the same place is read once', async () => {
    const ada = first.as({ tenant: 'many' });
    const wait = jest.spyOn(first.app.get(FeedWatch), 'wait');
    const list = jest.spyOn(first.app.get(EventsRepository), 'listIn');
    const streams = await Promise.all(Array.from({ length: 20 }, () => stream('many')));
    const waits = () => wait.mock.calls.filter(([tenant]) => tenant === 'many').length;
    await until('all wait', () => waits() === streams.length);
    list.mockClear();

    await ada.post('/conversations');

    await until('all have the event', () => streams.every(({ sent }) => sent.length === 1));
    expect(list.mock.calls.filter(([scope]) => scope.tenantId === 'many')).toHaveLength(1);
    jest.restoreAllMocks();
  });

  it('is refused where it cannot go on, or the id is none', async () => {
    const expired = await stream('nowhere', { query: '?after=0000000000-3' });
    const malformed = await stream('nowhere', { headers: { 'last-event-id': 'x' } });
    expect([expired.answer.status, malformed.answer.status]).toEqual([410, 422]);
  });

  it('filters', async () => {
    const ada = first.as({ tenant: 'filtered' });
    const { sent } = await stream('filtered', { query: '?types=conversation.deleted' });
    const { body } = await ada.post('/conversations');
    await ada.delete(`/conversations/${body.id}`);
    await until('it has come', () => sent.length === 1);
    expect(sent[0]?.event).toBe('conversation.deleted');
  });

  it('ends when the token does', async () => {
    const ending = await stream('ending', { expires: '3s' });
    expect(ending.answer.status).toBe(200);
    await until('it has ended', () => ending.hasEnded);
  });

  it('takes a token that never ends, as some write it', async () => {
    expect((await stream('endless', { expires: 1e13 })).answer.status).toBe(200);
  });

  it('ends with a reset when the epoch does', async () => {
    const ada = first.as({ tenant: 'reset' });
    await ada.post('/conversations');
    const reset = await stream('reset');
    await until('the event has come', () => reset.sent.length === 1);

    await first.app.get(EpochsRepository).renew();

    await until('it has ended', () => reset.hasEnded);
    const last = reset.sent.at(-1);
    expect([last?.event, JSON.parse(last?.data ?? '')]).toEqual([
      'reset',
      { earliest: expect.stringMatching(/^[0-9a-f]{10}-0$/) },
    ]);
  });

  it('is one of at most a hundred of a credential', async () => {
    const many = await Promise.all(Array.from({ length: 101 }, () => stream('many')));
    const refused = many.filter(({ answer }) => answer.status === 429);
    expect(refused).toHaveLength(1);
    expect(refused[0]?.answer.headers.get('retry-after')).toMatch(/^\d+$/);
    for (const { close } of many) close();
    await until('another one is let in', async () => {
      const one = await stream('many');
      one.close();
      return one.answer.status === 200;
    });
  });

  it('ends when the service stops, and so does who waits', async () => {
    const streaming = await stream('stopping', { base: urlOfThird });
    const ada = third.as({ tenant: 'stopping' });
    const { body } = await ada.get('/events', { query: { after: 'latest' } });
    const token = await signToken({ claims: { tenant_id: 'stopping', scope: SCOPES.join(' ') } });
    const waiting = fetch(`${urlOfThird}/admin/api/v2/events?wait=30&after=${body.next_after}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    await sleep(100);

    third.app.get(Health).startShutdown();
    await third.app.close();

    const answer = await waiting;
    expect([answer.status, await answer.json()]).toEqual([
      200,
      { data: [], next_after: body.next_after, has_more: false },
    ]);
    await until('the stream has ended', () => streaming.hasEnded);
  });
});

describe('a feed', () => {
  it.each([
    ['text/event-stream', 'text/event-stream'],
    ['Text/Event-Stream; q=0.5, application/json;q=0.4', 'text/event-stream'],
    ['application/json, text/event-stream', 'text/event-stream'],
    ['application/json, text/event-stream;q=0.5', 'application/json'],
    ['text/event-stream;q=0', 'application/json'],
    ['*/*', 'application/json'],
  ])('for who accepts %s is %s', async (accept, type) => {
    const { answer, close } = await stream('accepts', { headers: { accept } });

    expect(answer.headers.get('content-type')).toContain(type);
    close();
  });
});
