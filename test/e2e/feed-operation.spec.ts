import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { ApiKeysService } from '../../src/auth/api-keys.service.js';
import { EpochsRepository } from '../../src/events/epochs.repository.js';
import { EventRetention } from '../../src/events/event-retention.js';
import { BASE_PATH } from '../../src/http/resource.js';
import { setClock, startClock, stopClock } from '../support/clock.js';
import { runCommand } from '../support/command.js';
import { createTestApp } from '../support/create-test-app.js';
import type { TestClient } from '../support/test-client.js';
import { tokenFor } from '../support/test-client.js';
import { until } from '../support/until.js';

const DAY_MS = 24 * 60 * 60 * 1000;
/** Events of 2 KiB: more than buffers of the system take. */
const MUCH = 5_000;
const BATCH = 500;
const LARGE = { name: '名'.repeat(255), role: '名'.repeat(255) };

const { app, as, databaseUrl, listen } = await createTestApp({ environment: { EVENTS_RETENTION_DAYS: '1' } });
const url = await listen();
afterEach(startClock);

const read = (client: TestClient, query: Record<string, string> = {}) => client.get('/events', { query });
async function eventsOf(client: TestClient, count: number): Promise<{ id: string }[]> {
  let events: { id: string }[] = [];
  await until(`${count} events are there`, async () => {
    events = (await read(client, { limit: '1000' })).body.data;
    return events.length === count;
  });
  return events;
}
const rowsOf = async (tenant: string) => {
  const count = async (table: string) => {
    const sql = `SELECT COUNT(*) AS total FROM ${table} WHERE tenant_id = ?`;
    const [row]: { total: unknown }[] = await app.get(DataSource).query(sql, [tenant]);
    return Number(row?.total);
  };
  return { events: await count('event'), feeds: await count('feed') };
};
const removeExpired = async () => {
  while (await app.get(EventRetention).run(new AbortController().signal));
};

describe('what is kept', () => {
  it('are the events of so many days, and always the newest; an id before them is told where to go on', async () => {
    const ada = as({ tenant: 'kept' });
    for (let n = 0; n < 3; n++) await ada.post('/conversations');
    const [first, second, third] = await eventsOf(ada, 3);

    await removeExpired();
    expect(await eventsOf(ada, 3)).toEqual([first, second, third]);
    stopClock(Date.now() + 2 * DAY_MS);
    await removeExpired();

    expect((await read(ada)).body.data).toEqual([third]);
    const { status, body } = await read(ada, { after: first?.id ?? '' });
    expect([status, body.code, body.earliest]).toEqual([410, 'events_expired', second?.id]);
    expect((await read(ada, { after: body.earliest })).body.data).toEqual([third]);

    await ada.post('/conversations');
    const [, fourth] = await eventsOf(ada, 2);
    await removeExpired();
    expect((await read(ada)).body.data).toEqual([fourth]);
    setClock(Date.now() + DAY_MS / 2);
    await removeExpired();
    expect((await read(ada)).body.data).toEqual([fourth]);
  });

  it('is nothing of former epochs', async () => {
    const ada = as({ tenant: 'former' });
    await ada.post('/conversations');
    await eventsOf(ada, 1);
    await app.get(EpochsRepository).renew();

    await removeExpired();

    expect(await rowsOf('former')).toEqual({ events: 0, feeds: 0 });
  });
});

describe('npm run events -- new-epoch', () => {
  it('ends what readers know, and prints the new epoch', async () => {
    const ada = as({ tenant: 'restored' });
    await ada.post('/conversations');
    const [event] = await eventsOf(ada, 1);

    const { exitCode, stdout = '' } = await runCommand('cli/events.ts', ['new-epoch'], {
      DATABASE_URL: databaseUrl,
    });

    expect(exitCode).toBe(0);
    const { status, body } = await read(ada, { after: event?.id ?? '' });
    expect([status, body.earliest]).toEqual([410, `${stdout.trim()}-0`]);
    await ada.post('/conversations');
    expect((await eventsOf(ada, 1))[0]?.id).toBe(`${stdout.trim()}-1`);
  });
});

describe('a stream', () => {
  it('ends when its key was revoked', async () => {
    const keys = app.get(ApiKeysService);
    const { apiKey, secret } = await keys.create({
      name: 'reader',
      tenantId: 'revoked',
      tenantUnitId: null,
      scopes: ['events:read'],
      expiresTime: null,
    });
    const answer = await fetch(`${url}${BASE_PATH}/events`, {
      headers: { accept: 'text/event-stream', 'x-api-key': secret },
    });
    expect(answer.status).toBe(200);
    const ended = answer.text();

    await keys.revoke(apiKey.id);
    stopClock(Date.now() + 60_000);
    await as({ tenant: 'revoked' }).post('/conversations');

    await ended;
  });

  it('is cut off when its client does not read', async () => {
    const tenant = 'silent';
    const ada = as({ tenant, ...LARGE });
    const { body } = await ada.post('/conversations');
    const messages = Array.from({ length: BATCH }, () => ({ message_from: 'user', content: '' }));
    for (let n = 0; n < MUCH; n += BATCH)
      await ada.post(`/conversations/${body.id}/messages/batch`, { messages });
    await until('all are published', async () => {
      const { body: end } = await read(ada, { after: 'latest' });
      return end.next_after.endsWith(`-${MUCH + 1}`);
    });
    const { port } = new URL(url);
    const socket = connect({ port: Number(port), host: '127.0.0.1' });
    let received = '';
    socket.on('data', (chunk: Buffer) => (received += chunk.toString()));
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => undefined);
    socket.write(
      `GET ${BASE_PATH}/events HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\nAuthorization: Bearer ${await tokenFor({ tenant }, '1d')}\r\n\r\n`,
    );
    await until('it has begun', () => received.includes('event: message.created'));
    socket.pause();
    const [gauge = ''] = await openStreams();
    expect(gauge).toBe('event_streams_open 1');

    stopClock(Date.now());
    await until(
      'nobody streams',
      async () => {
        await sleep(1_000);
        setClock(Date.now() + 31_000);
        return (await openStreams())[0] === 'event_streams_open 0';
      },
      DAY_MS,
    );
    socket.resume();
    await closed;
  });
});

const openStreams = async () => {
  const { text } = await as().get('//metrics');
  return /^event_streams_open \d+$/m.exec(text) ?? [];
};
