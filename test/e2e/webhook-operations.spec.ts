import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { EventRetention } from '../../src/events/event-retention.js';
import { DueLanesRepository } from '../../src/webhooks/delivery/due-lanes.repository.js';
import { ResealedSecrets } from '../../src/webhooks/resealed-secrets.js';
import { WebhookStates } from '../../src/webhooks/webhook-states.js';
import { setClock, startClock, stopClock } from '../support/clock.js';
import { createTestApp, startTestApp } from '../support/create-test-app.js';
import { logWatch } from '../support/log-watch.js';
import { createTestDatabase } from '../support/test-database.js';
import { TestClient } from '../support/test-client.js';
import { until } from '../support/until.js';
import { answers, WebhookReceiver } from '../support/webhook-receiver.js';

const DAY_MS = 24 * 60 * 60 * 1000;
const ALLOWED = { WEBHOOK_ALLOW: '127.0.0.1' };
const { app, as, logs } = await createTestApp({ environment: ALLOWED });
const { signal } = new AbortController();

afterEach(() => startClock());

async function receiving(tenant: string, query = '') {
  const client = as({ tenant });
  const receiver = await WebhookReceiver.start();
  const { body: webhook } = await client.post('/webhooks', { url: receiver.url + query });
  receiver.secret = webhook.secret;
  return { client, receiver, webhook, path: `/webhooks/${webhook.id}` };
}

describe('the log', () => {
  it('says which receiver has begun to fail and what was disabled, without its path, query and secret', async () => {
    const query = '?token=that-only-the-receiver-knows';
    const { client, receiver, webhook, path } = await receiving('logged', query);
    logWatch.keep([webhook.secret, query]);
    const about = () => logs.filter(({ webhook_id }) => webhook_id === webhook.id);
    const time = Date.now();
    stopClock(time);
    receiver.answer = answers.status(503);
    await client.post('/conversations');
    await until('it failed', () => about().length > 0);
    receiver.answer = answers.status(410);
    setClock(time + 60_000);
    await until('it is disabled', async () => !(await client.get(path)).body.enabled);

    expect(about().map(({ message, host, status, reason }) => ({ message, host, status, reason }))).toEqual([
      {
        message: 'A receiver has begun to fail.',
        host: new URL(receiver.url).host,
        status: 503,
        reason: undefined,
      },
      { message: 'A webhook was disabled.', host: undefined, status: undefined, reason: 'gone' },
    ]);
    expect(JSON.stringify(logs)).not.toContain('/hook');
  });
});

describe('metrics', () => {
  it('count webhooks by their state, and attempts by what became of them', async () => {
    const { client, path } = await receiving('counted');
    const failing = await receiving('counted');
    failing.receiver.answer = answers.status(500);
    await client.post('/conversations');
    for (const tried of [path, failing.path])
      await until('it was tried', async () => (await client.get(`${tried}/attempts`)).body.data.length > 0);
    await app.get(WebhookStates).run();
    const before = await valuesOf('webhooks');
    await client.patch(path, { enabled: false });
    await app.get(WebhookStates).run();
    const after = await valuesOf('webhooks');

    expect(before['{state="failing"}']).toBeGreaterThanOrEqual(1);
    expect(after).toEqual({
      ...before,
      '{state="well"}': Number(before['{state="well"}']) - 1,
      '{state="disabled"}': Number(before['{state="disabled"}']) + 1,
    });
    const outcomes = await valuesOf('webhook_attempts_total');
    expect(outcomes['{outcome="failed"}']).toBeGreaterThanOrEqual(1);
    expect(outcomes['{outcome="delivered"}']).toBeGreaterThanOrEqual(1);
    expect(Object.values(await valuesOf('webhook_delivery_lag_seconds_count'))[0]).toBeGreaterThanOrEqual(1);
  });

  async function valuesOf(metric: string): Promise<Record<string, number>> {
    const { text } = await as().get('//metrics');
    return Object.fromEntries(
      text
        .split('\n')
        .filter((line) => new RegExp(`^${metric}[{ ]`).test(line))
        .map((line): [string, number] => {
          const end = line.lastIndexOf(' ');
          return [line.slice(metric.length, end), Number(line.slice(end))];
        }),
    );
  }
});

describe('a webhook that was disabled until what it missed is not kept any more', () => {
  it('goes on at the present, and a replay says what is lost and where the feed begins', async () => {
    const { client, receiver, path } = await receiving('late');
    await client.post('/conversations');
    await until(
      'the first one was taken',
      async () => (await client.get(`${path}/attempts`)).body.data.length === 1,
    );
    await client.patch(path, { enabled: false });
    for (let n = 0; n < 2; n++) await client.post('/conversations');
    const [first = ''] = receiver.eventIds;
    const query = { after: first };
    // In the order of the feed, which keeps its newest event; that of their creation is another one on a server.
    let missed: { conversation_id: string }[] = [];
    await until('both are in the feed', async () => {
      missed = (await client.get('/events', { query })).body.data;
      return missed.length === 2;
    });
    stopClock(Date.now() + 31 * DAY_MS);
    await app.get(EventRetention).run(signal);

    await client.patch(path, { enabled: true });
    const replayed = await client.post(`${path}/replay`, { after: first });
    const { body: present } = await client.post('/conversations');
    await until('the present came', () => receiver.received.length === 2);
    await client.post(`${path}/replay`, { after: replayed.body.earliest });
    await until('what is kept came', () => receiver.eventIds.length === 3);

    expect([replayed.status, replayed.body.code]).toEqual([410, 'events_expired']);
    const conversations = receiver.received.map(({ data }) => data['conversation_id']);
    expect(conversations[1]).toBe(present.id);
    expect(conversations).not.toContain(missed[0]?.conversation_id);
    expect(conversations).toContain(missed[1]?.conversation_id);
  });
});

describe('many webhooks of one tenant', () => {
  it('leave a place to each other tenant among those that are due next', async () => {
    const many = as({ tenant: 'many' });
    const [manyWebhook] = await Promise.all(
      Array.from({ length: 12 }, () => many.post('/webhooks', { url: 'http://127.0.0.1:1/hook' })),
    );
    const one = await as({ tenant: 'one' }).post('/webhooks', { url: 'http://127.0.0.1:1/hook' });
    expect([manyWebhook?.status, one.status]).toEqual([201, 201]);
    // Due first, all of them, and never in the time of this story.
    const dataSource = app.get(DataSource);
    for (const [tenant, day] of Object.entries({ many: '01', one: '02' }))
      await dataSource.query(
        `UPDATE webhook_lane SET due_time = '2998-01-${day} 00:00:00.000', wake_time = '2998-01-${day} 00:00:00.000' WHERE tenant_id = ?`,
        [tenant],
      );

    const look = () => app.get(DueLanesRepository).find(new Date('2999-01-01'), new Date(0), 8);

    const { lanes, hasAllNews } = await look();

    const tenants = lanes.map(({ lane }) => lane.tenantId);
    expect(tenants).toContain('one');
    expect(tenants.filter((tenant) => tenant === 'many').length).toBeGreaterThan(1);
    expect(hasAllNews).toBe(true); // there are none
    // Whoever is only behind the feed is found by its news, of which not all have a place.
    await dataSource.query('UPDATE webhook_lane SET wake_time = NULL WHERE tenant_id = ?', ['many']);
    await many.post('/conversations');
    await until('some have a place, and not all', async () => {
      const found = await look();
      return found.lanes.some(({ lane }) => lane.tenantId === 'many') && !found.hasAllNews;
    });
  });
});

describe('WEBHOOK_KEY', () => {
  it('is changed by a replica with both keys, which seals every secret with the new one', async () => {
    const database = await createTestDatabase();
    const [old = '', next = ''] = [0, 1].map(() => randomBytes(32).toString('base64'));
    logWatch.keep([old, next]);
    const receiver = await WebhookReceiver.start();
    const first = await replica(database.url, old);
    const { body: webhook } = await first.client.post('/webhooks', { url: receiver.url });
    await first.client.post(`/webhooks/${webhook.id}/rotate-secret`);
    receiver.secret = webhook.secret;
    await first.app.close();
    const both = await replica(database.url, `${next},${old}`);
    await both.app.get(ResealedSecrets).run();
    const { body: resealed } = await both.client.get(`/webhooks/${webhook.id}`);
    await both.app.close();
    const last = await replica(database.url, next);
    await last.client.post('/conversations');
    await until('it is sent, signed with the secrets that there were', () => receiver.received.length === 1);

    expect(receiver.refused).toEqual([]);
    expect(resealed.version).toBe(webhook.version);
    await last.app.close();
    await database.drop();
  });

  async function replica(databaseUrl: string, key: string) {
    const { app: started } = await startTestApp({
      ...ALLOWED,
      DATABASE_URL: databaseUrl,
      WEBHOOK_KEY: key,
    });
    return { app: started, client: new TestClient(started, { tenant: 'acme' }) };
  }
});
