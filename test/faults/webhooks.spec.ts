import { createServer as createProxy } from 'node:http';
import { createServer } from 'node:https';
import { readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { until } from '../support/until.js';
import { answers, WebhookReceiver } from '../support/webhook-receiver.js';
import { Authority } from './support/certificates.js';
import { DatabaseServer } from './support/database-server.js';
import { tell } from './support/figures.js';
import { newDirectory } from './support/processes.js';
import { Service } from './support/service.js';
import { Writers } from './support/writers.js';

const API = '/admin/api/v2';
/** Longer than a replica that is gone keeps a lane to itself, with what clocks differ by. */
const AGAIN_MS = 150_000;
const directory = newDirectory(tmpdir());

/** For a process: its clock is ahead. */
function clockAhead(ms: number): Record<string, string> {
  const file = join(directory, `ahead-${ms}.mjs`);
  writeFileSync(
    file,
    `const Real = Date;
     globalThis.Date = class extends Real {
       constructor(...parts) { if (parts.length === 0) super(Real.now() + ${ms}); else super(...parts); }
       static now() { return Real.now() + ${ms}; }
     };`,
  );
  return { NODE_OPTIONS: `--import ${file}` };
}

async function receiving(service: Service): Promise<WebhookReceiver> {
  const receiver = await WebhookReceiver.start();
  const { body } = await service.send('POST', `${API}/webhooks`, { url: receiver.url });
  receiver.secret = String(body.secret);
  return receiver;
}

/** Ids of all events of the feed. */
async function feedOf(service: Service): Promise<string[]> {
  const ids: string[] = [];
  let page = await service.send('GET', `${API}/events?limit=1000`);
  for (;;) {
    ids.push(...page.body.data.map(({ id }: { id: string }) => id));
    if (!page.body.has_more) return ids;
    page = await service.send('GET', `${API}/events?limit=1000&after=${page.body.next_after}`);
  }
}

// Most of their time they wait for a claim to end: together, it is the time of one.
describe('kill -9', () => {
  it.concurrent(
    'between sending and noting: the event comes again, with the same id',
    async () => {
      const url = `sqlite:${join(directory, 'webhooks.sqlite')}`;
      let service = await Service.start(url);
      const receiver = await receiving(service);
      receiver.answer = answers.hang;
      await service.newConversation();
      await until('it is under way', () => receiver.received.length === 1);

      await service.process.kill();
      receiver.answer = answers.ok;
      service = await Service.start(url);
      await until('it comes again', () => receiver.received.length === 2, AGAIN_MS);

      expect(new Set(receiver.received.map(({ id }) => id)).size).toBe(1);
      expect(receiver.eventIds).toEqual(await feedOf(service));
      expect(receiver.refused).toEqual([]);
      await service.process.stop();
    },
    180_000,
  );

  it.concurrent(
    'of a replica whose clock is ahead, and of the database, under load: each event comes at least once',
    async () => {
      const database = await DatabaseServer.start();
      const first = await Service.start(database.url);
      let ahead = await Service.start(database.url, clockAhead(10_000));
      const receivers = await Promise.all(Array.from({ length: 6 }, () => receiving(first)));
      for (const [n, receiver] of receivers.entries())
        receiver.answer = (response) => setTimeout(() => response.writeHead(204).end(), n * 10);
      const conversationIds = await Promise.all([first, ahead, first].map((one) => one.newConversation()));
      const load = new Writers({ serviceUrls: () => [first.url, ahead.url], conversationIds, writers: 6 });

      await load.progress(100);
      await ahead.process.kill();
      await load.progress(100);
      ahead = await Service.start(database.url, clockAhead(10_000));
      await database.kill();
      await database.start();
      await load.progress(100);
      await ahead.process.kill();
      await load.stop();
      expect(await load.faults(first.url)).toEqual([]);
      let feed: string[] = [];
      await until(
        'each event has come to each',
        async () => {
          feed = await feedOf(first);
          return receivers.every(({ eventIds }) => eventIds.length >= feed.length);
        },
        AGAIN_MS,
      );

      for (const { eventIds, refused } of receivers) {
        expect(new Set(eventIds)).toEqual(new Set(feed));
        expect(refused).toEqual([]);
      }
      const sent = receivers.reduce((sum, { received }) => sum + received.length, 0);
      tell('webhooks beside kill -9 of replicas and of the database', {
        events: feed.length,
        receivers: receivers.length,
        'sent more than once': sent - feed.length * receivers.length,
      });
      await first.process.stop();
      await database.stop();
    },
    300_000,
  );
});

describe('WEBHOOK_PROXY', () => {
  const authority = new Authority('Receivers');
  const { cert, key } = authority.sign('DNS:hooks.inside');
  const received: string[] = [];
  const receiver = createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (request, response) => {
    received.push(`${request.headers.host} ${String(request.headers['webhook-id'])}`);
    response.writeHead(204).end();
  });
  const asked: string[] = [];
  /** Knows what the service does not: where hooks.inside is. Lets nobody go elsewhere. */
  const proxy = createProxy((_request, response) => response.writeHead(405).end());
  proxy.on('connect', (request, client) => {
    asked.push(String(request.url));
    if (request.url !== 'hooks.inside:443') return void client.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    const { port } = receiver.address() as AddressInfo;
    const onward = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      onward.pipe(client).pipe(onward);
    });
    for (const socket of [onward, client]) socket.on('error', () => socket.destroy());
  });
  afterAll(() => {
    for (const server of [proxy, receiver]) server.close();
  });

  it('gets a CONNECT for each receiver, looks up its name, and may refuse it', async () => {
    for (const server of [proxy, receiver])
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = proxy.address() as AddressInfo;
    const service = await Service.start(`sqlite:${join(directory, 'proxied.sqlite')}`, {
      WEBHOOK_PROXY: `http://127.0.0.1:${port}`,
      NODE_EXTRA_CA_CERTS: authority.ca,
    });
    const { body: webhook } = await service.send('POST', `${API}/webhooks`, {
      url: 'https://hooks.inside/hook',
    });
    const { body: other } = await service.send('POST', `${API}/webhooks`, {
      url: 'https://elsewhere.inside/hook',
    });

    const tested = await service.send('POST', `${API}/webhooks/${webhook.id}/test`);
    const refused = await service.send('POST', `${API}/webhooks/${other.id}/test`);
    await service.newConversation();
    await until('an event came', () => received.length === 2);

    expect(tested.body).toMatchObject({ status: 204, error: null });
    expect(refused.body).toMatchObject({ status: null, error: expect.any(String) });
    expect(received.at(-1)).toBe(`hooks.inside ${(await feedOf(service))[0]}`);
    expect(new Set(asked)).toEqual(new Set(['hooks.inside:443', 'elsewhere.inside:443']));
    await service.process.stop();
  });
});
