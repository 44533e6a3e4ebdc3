import { existsSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { RUN_STATUSES } from '../support/samples.js';
import { freePort } from '../support/machine.js';
import { until } from '../support/until.js';
import type { Answer } from './support/client.js';
import { DatabaseServer } from './support/database-server.js';
import { tell } from './support/figures.js';
import { newDirectory, Process } from './support/processes.js';
import { Service } from './support/service.js';

/** Of import, restarts and outages. What is quoted in docs/webhooks.md was a longer run. */
const SECONDS = Number(process.env.WEBHOOK_COPY_SECONDS ?? 20);
const API = '/admin/api/v2';
/** Between an outage of the receiver and a restart of the service, by turns. */
const BETWEEN_MS = Math.min(28_000, (SECONDS * 1000) / 8);
const OUTAGE_MS = 4_000;
const CAUGHT_UP_MS = 360_000;
const RECEIVER = join(import.meta.dirname, 'support/status-receiver.mjs');

it(
  'a receiver keeps a copy of all statuses through an import, restarts and its own outages',
  async () => {
    const file = join(newDirectory(tmpdir()), 'statuses');
    const database = await DatabaseServer.start();
    let service = await Service.start(database.url);
    const port = String(await freePort());
    const { body: webhook } = await service.send('POST', `${API}/webhooks`, {
      url: `http://127.0.0.1:${port}/hook`,
      types: ['conversation.created', 'conversation.status_changed', 'conversation.deleted'],
    });
    const startReceiver = () =>
      new Process({
        command: process.execPath,
        args: [RECEIVER],
        environment: { WEBHOOK_SECRET: String(webhook.secret), STATUS_FILE: file, PORT: port },
      });
    let receiver = startReceiver();
    const end = Date.now() + SECONDS * 1000;
    let written = 0;
    /** Until it is answered: the service may be gone for a while. */
    const send = async (method: string, path: string, body?: unknown): Promise<Answer> => {
      const headers = { 'idempotency-key': `k-${++written}` };
      for (;;) {
        const answer = await service.send(method, path, body, headers).catch(() => undefined);
        if (answer && ![409, 429, 503].includes(answer.status)) return answer;
        await sleep(200);
      }
    };
    const writing = Promise.all(
      Array.from({ length: 3 }, async (_, writer) => {
        const ids: string[] = [];
        while (Date.now() < end) {
          const created_time = new Date(Date.UTC(2020, 0, 1) + written * 60_000).toISOString();
          const message = { message_from: 'user', content: 'Hello', created_time };
          const status = RUN_STATUSES[written % RUN_STATUSES.length];
          const { body } = await send('POST', '/conversations', {
            created_time,
            status,
            messages: [message],
          });
          ids.push(String(body.id));
          const id = ids[(written * 7) % ids.length] ?? '';
          const next = RUN_STATUSES[(written + writer) % RUN_STATUSES.length];
          await send('PATCH', `/conversations/${id}/status`, { status: next });
          if (written % 20 === 0) await send('DELETE', `/conversations/${ids.shift() ?? ''}`);
          await sleep(100);
        }
      }),
    );
    let outages = 0;
    for (; Date.now() < end; outages++) {
      await sleep(BETWEEN_MS);
      await receiver.kill();
      await sleep(OUTAGE_MS);
      receiver = startReceiver();
      await sleep(BETWEEN_MS);
      await (outages % 2 === 0 ? service.process.kill() : service.process.stop());
      service = await Service.start(database.url);
    }
    await writing;

    const truth = await statusesOf(service);
    const stopped = Date.now();
    await until('the copy is right', () => isSame(copyIn(file), truth), CAUGHT_UP_MS);

    expect(copyIn(file)).toEqual(truth);
    tell('a copy of all statuses by webhook', {
      seconds: SECONDS,
      'requests sent': written,
      conversations: truth.size,
      'kills and restarts of the service': outages,
      'outages of the receiver': outages,
      'caught up after s': Math.round((Date.now() - stopped) / 1000),
    });
    await service.process.stop();
    await receiver.stop();
    await database.stop();
  },
  SECONDS * 1000 + CAUGHT_UP_MS + 120_000,
);

async function statusesOf(service: Service): Promise<Map<string, string>> {
  const statuses = new Map<string, string>();
  let query = 'page_size=200';
  for (;;) {
    const { body } = await service.send('GET', `/conversations?${query}`);
    for (const { id, status } of body.data) statuses.set(id, status);
    if (body.next_cursor === null) return statuses;
    query = `page_size=200&cursor=${body.next_cursor}`;
  }
}

/** What the receiver has noted, the newest version of each conversation. */
function copyIn(file: string): Map<string, string> {
  if (!existsSync(file)) return new Map();
  const newest = new Map<string, [number, string | null]>();
  for (const line of readFileSync(file, 'utf8').trimEnd().split('\n')) {
    const [id, version, status] = JSON.parse(line) as [string, number, string | null];
    if (version > (newest.get(id)?.[0] ?? 0)) newest.set(id, [version, status]);
  }
  return new Map([...newest].flatMap(([id, [, status]]) => (status === null ? [] : [[id, status] as const])));
}

const isSame = (a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean =>
  a.size === b.size && [...a].every(([id, status]) => b.get(id) === status);
