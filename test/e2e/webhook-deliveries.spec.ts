import { afterEach, describe, expect, it } from '@jest/globals';
import { setClock, startClock, stopClock } from '../support/clock.js';
import { createTestApp } from '../support/create-test-app.js';
import { until } from '../support/until.js';
import { answers, WebhookReceiver } from '../support/webhook-receiver.js';

const SCOPES = ['conversations:read', 'conversations:write', 'events:read', 'webhooks:manage'];
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const { as } = await createTestApp({ environment: { WEBHOOK_ALLOW: '127.0.0.1' } });
let tenants = 0;

/** A tenant of its own, and a receiver that its webhook sends to. */
async function receiving(body: object = {}, unit?: string) {
  const tenant = `tenant-${++tenants}`;
  const client = as({ tenant, scopes: SCOPES, name: 'Ada' });
  const receiver = await WebhookReceiver.start();
  const { body: webhook } = await client.post(
    '/webhooks',
    { url: receiver.url, ...body },
    { query: { tenant_unit_id: unit ?? '' } },
  );
  receiver.secret = webhook.secret;
  const path = `/webhooks/${webhook.id}`;
  const attempts = async () =>
    (await client.get(`${path}/attempts`, { query: { page_size: 200 } })).body.data;
  /** Until it is in the feed: what is on its way there when a webhook starts comes behind that. */
  const start = async (topic = 'A table for two') => {
    const { body } = await client.post('/conversations', { topic });
    const query = { conversation_id: body.id };
    await until(
      'it is in the feed',
      async () => (await client.get('/events', { query })).body.data.length === 1,
    );
    return body;
  };
  return { tenant, client, receiver, path, attempts, start };
}

afterEach(() => startClock());

describe('deliveries', () => {
  it('bring each event once, in order, signed and as the feed has it', async () => {
    const { client, receiver, start, attempts } = await receiving();
    const conversation = await start();
    for (let n = 0; n < 5; n++)
      await client.post(`/conversations/${conversation.id}/messages`, {
        message_from: 'user',
        content: 'Hi',
      });
    await client.patch(`/conversations/${conversation.id}/status`, { status: 'completed' });
    await until('all were tried', async () => (await attempts()).length >= 7);

    const { body: feed } = await client.get('/events');
    expect(receiver.received.map(({ data }) => data)).toEqual(feed.data);
    expect(receiver.received.map(({ id }) => id)).toEqual(feed.data.map(({ id }: { id: string }) => id));
    expect(receiver.refused).toEqual([]);
    expect(
      (await attempts()).map(({ outcome, attempt }: Record<string, unknown>) => [outcome, attempt]),
    ).toEqual(Array.from({ length: 7 }, () => ['delivered', 1]));
  });

  it('start at the present', async () => {
    const { client, receiver, start, path, attempts } = await receiving();
    await start('before');
    await until('it was taken', async () => (await attempts()).length === 1);
    const later = await WebhookReceiver.start();
    await client.post('/webhooks', { url: later.url });
    await client.patch(path, { enabled: false });
    await start('missed by the first');
    await until('it arrived', () => later.received.length === 1);
    await client.patch(path, { enabled: true });
    await start('after');
    await until('it arrived', () => receiver.received.length >= 2 && later.received.length >= 2);
    expect([receiver.received.length, later.received.length]).toEqual([2, 2]);
  });

  it('are of the types that are wanted', async () => {
    const { client, receiver, start } = await receiving({ types: ['message.created'] });
    const { id } = await start();
    await client.post(`/conversations/${id}/messages`, { message_from: 'user', content: 'Hi' });
    await until('it arrived', () => receiver.received.length === 1);
    expect(receiver.received.map(({ type }) => type)).toEqual(['message.created']);
  });

  it('are of the unit that a webhook belongs to', async () => {
    const { client, receiver, start } = await receiving({}, 'north');
    await start('of the tenant');
    await client.post('/conversations', {}, { query: { tenant_unit_id: 'south' } });
    const { body } = await client.post('/conversations', {}, { query: { tenant_unit_id: 'north' } });
    await until('it arrived', () => receiver.received.length === 1);
    expect(receiver.received[0]?.data['conversation_id']).toBe(body.id);
  });

  it('are signed with both secrets after a rotation', async () => {
    const { client, receiver, start, path } = await receiving();
    const old = receiver.secret;
    const { body } = await client.post(`${path}/rotate-secret`);
    await start();
    await until('it arrived', () => receiver.received.length === 1);
    receiver.secret = body.secret;
    await start();
    await until('it arrived', () => receiver.received.length === 2);
    expect(receiver.secret).not.toBe(old);
    expect(receiver.refused).toEqual([]);
  });
});

describe('a receiver that fails', () => {
  it.each([
    ['500', answers.status(500)],
    ['a redirect', answers.status(302, { location: 'http://127.0.0.1:1/' })],
    ['an end of the connection', answers.hangUp],
    ['half an answer', answers.halfWay],
  ])('by %s is sent the event again', async (_, answer) => {
    const { receiver, start, attempts } = await receiving();
    receiver.answer = answer;
    const time = Date.now();
    stopClock(time);
    await start();
    await until('it was tried', async () => (await attempts()).length === 1);
    receiver.answer = answers.ok;
    setClock(time + MINUTE_MS);
    await until('it was taken', async () => (await attempts()).length === 2);
    const [second, first] = await attempts();
    expect([first.outcome, first.attempt]).toEqual(['failed', 1]);
    expect([second.outcome, second.attempt, second.event_id]).toEqual(['delivered', 2, first.event_id]);
    expect(receiver.eventIds).toHaveLength(1);
  });

  it('makes the others wait only for itself, and gets what it missed', async () => {
    const failing = await receiving();
    const well = await receiving();
    failing.receiver.answer = answers.hang;
    await failing.start();
    for (let n = 0; n < 3; n++) await well.start();
    await until('the others are served', () => well.receiver.received.length === 3);
    expect(failing.receiver.attempts).toBe(1);
  });

  it('is disabled by 410', async () => {
    const { client, receiver, start, path } = await receiving();
    receiver.answer = answers.status(410);
    await start();
    await until('it is disabled', async () => !(await client.get(path)).body.enabled);
    expect((await client.get(path)).body).toMatchObject({ disabled_reason: 'gone', version: 2 });
    await start();
    receiver.answer = answers.ok;
    await client.patch(path, { enabled: true });
    const { id } = await start();
    await until('the next one arrived', () => receiver.received.length >= 2);
    expect(receiver.received[1]?.data['conversation_id']).toBe(id);
  });

  it('is disabled after five days without a success', async () => {
    const { client, receiver, start, path, attempts } = await receiving();
    receiver.answer = answers.status(503);
    const time = Date.now();
    stopClock(time);
    await start();
    await until('it was tried', async () => (await attempts()).length === 1);
    setClock(time + 4 * DAY_MS);
    await until('it was tried again', async () => (await attempts()).length === 2);
    expect((await client.get(path)).body.enabled).toBe(true);
    setClock(time + 5 * DAY_MS + MINUTE_MS);
    await until('it is disabled', async () => !(await client.get(path)).body.enabled);
    expect((await client.get(path)).body.disabled_reason).toBe('failing');
  });

  it('is left alone as long as Retry-After says', async () => {
    const { receiver, start, attempts } = await receiving();
    receiver.answer = answers.status(429, { 'retry-after': '3600' });
    const time = Date.now();
    stopClock(time);
    await start();
    await until('it was tried', async () => (await attempts()).length === 1);
    receiver.answer = answers.ok;
    setClock(time + 30 * MINUTE_MS);
    await start();
    setClock(time + 59 * MINUTE_MS);
    expect(receiver.attempts).toBe(1);
    setClock(time + 61 * MINUTE_MS);
    await until('both arrived', () => receiver.eventIds.length === 2 && receiver.attempts === 3);
  });

  it('may answer without an end', async () => {
    const { receiver, start } = await receiving();
    receiver.answer = answers.endless;
    await start();
    await start();
    await until('both arrived', () => receiver.received.length === 2);
  });
});

describe('a replay', () => {
  it('sends all behind an event again, from before the webhook was made too', async () => {
    const { client, receiver, start } = await receiving();
    await start('one');
    await start('two');
    await until('both arrived', () => receiver.received.length === 2);
    const later = await WebhookReceiver.start();
    const { body: webhook } = await client.post('/webhooks', { url: later.url });
    later.secret = webhook.secret;
    await client.post(`/webhooks/${webhook.id}/replay`, { after: 'earliest' });
    await until('both arrived again', () => later.received.length === 2);
    expect(later.eventIds).toEqual(receiver.eventIds);
  });

  it('sends one event again', async () => {
    const { client, receiver, start, path, attempts } = await receiving();
    await start('one');
    await start('two');
    await until('both were taken', async () => (await attempts()).length === 2);
    const [first] = receiver.eventIds;
    expect((await client.post(`${path}/replay`, { event_id: first })).status).toBe(202);
    await until('it arrived again', () => receiver.received.length === 3);
    expect(receiver.received[2]?.id).toBe(first);
  });
});

describe('a test', () => {
  it('is sent at once, and is no event', async () => {
    const { client, receiver, path, attempts } = await receiving();
    const { status, body } = await client.post(`${path}/test`);
    expect([status, body.status, body.error]).toEqual([200, 204, null]);
    expect(receiver.received.map(({ type, data }) => [type, data])).toEqual([['webhook.test', {}]]);
    expect(await attempts()).toEqual([]);
  });

  it('is sent within the trace of whoever asks for it', async () => {
    const { client, receiver, path } = await receiving();
    const trace = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    const seen: unknown[] = [];
    receiver.answer = (response, { headers }) => {
      seen.push(headers['traceparent']);
      answers.ok(response);
    };
    await client.post(`${path}/test`, undefined, { headers: { traceparent: trace } });
    expect(seen).toEqual([trace]);
  });

  it('says why nothing came of it', async () => {
    const { client, receiver, path } = await receiving();
    receiver.answer = answers.status(500);
    expect((await client.post(`${path}/test`)).body).toMatchObject({ status: 500, error: null });
    await receiver.close();
    expect((await client.post(`${path}/test`)).body).toMatchObject({ status: null, error: 'ECONNREFUSED' });
  });
});
