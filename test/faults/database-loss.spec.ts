import { describe, expect, it } from '@jest/globals';
import type { Answer } from './support/client.js';
import { newApiKey } from './support/commands.js';
import { DatabaseServer } from './support/database-server.js';
import { tell } from './support/figures.js';
import { Service } from './support/service.js';
import { until } from '../support/until.js';
import { Writers } from './support/writers.js';

const WITHIN_MS = 10_000;
/** What the process may grow by while it refuses hundreds of requests, with a heap of the size below. */
const FLAT_MEGABYTES = 64;
const SMALL_HEAP = { NODE_OPTIONS: '--max-old-space-size=128 --max-semi-space-size=4' };
const WAVE = 30;
const HELLO = { message_from: 'user', content: 'Hello' };

const database = await DatabaseServer.start();
const service = await Service.start(database.url, SMALL_HEAP);
const conversationIds = await Promise.all(Array.from({ length: 4 }, () => service.newConversation()));
const path = `/conversations/${await service.newConversation()}`;
const newWriters = () =>
  new Writers({ serviceUrls: () => [service.url], conversationIds: [...conversationIds], writers: 16 });

/** One request of each kind. */
const requestAll = (): Promise<Answer[]> =>
  Promise.all(
    (
      [
        ['GET', '/conversations'],
        ['GET', path],
        ['GET', `${path}/messages`],
        ['POST', '/conversations', {}],
        ['POST', `${path}/messages`, HELLO],
        ['POST', `${path}/messages/batch`, { messages: [HELLO] }],
        ['PATCH', path, { topic: 'Lost' }],
        ['PATCH', `${path}/status`, { status: 'failed' }],
        ['DELETE', path],
      ] as const
    ).map(([method, where, body]) => service.send(method, where, body)),
  );

function expectRefused(answers: readonly Answer[]): void {
  for (const { status, body, headers } of answers) {
    expect([status, body.code]).toEqual([503, 'unavailable']);
    expect(headers['retry-after']).toMatch(/^\d+$/);
  }
}

describe.each(['killed', 'frozen'])('a database that is %s under load', (fate) => {
  it('is 503 in bounded time, and lost is nothing', async () => {
    const conversation = await service.send('GET', path);
    const load = newWriters();
    await load.progress(200);

    if (fate === 'killed') await database.kill();
    else database.freeze();
    const killed = performance.now();
    await until('/readyz says no', async () => (await service.statusOf('/readyz')) === 503, WITHIN_MS);
    const noticedMs = performance.now() - killed;
    expect(await service.statusOf('/healthz')).toBe(200);
    const refusing = performance.now();
    expectRefused(await requestAll());
    const refusedMs = performance.now() - refusing;
    const refuseWave = async () =>
      expectRefused((await Promise.all(Array.from({ length: WAVE }, requestAll))).flat());
    await refuseWave();
    const before = service.megabytes;
    if (fate === 'killed') for (let wave = 0; wave < 3; wave++) await refuseWave();
    const grown = service.megabytes - before;
    expect(await service.statusOf('/healthz')).toBe(200);

    const back = performance.now();
    if (fate === 'killed') await database.start();
    else database.thaw();
    await load.progress(200);
    const resumedMs = performance.now() - back;
    await until('/readyz says yes', () => service.isReady(), WITHIN_MS);
    await load.stop();

    expect(await load.faults(service.url)).toEqual([]);
    expect((await service.send('GET', path)).body).toEqual(conversation.body);
    expect(grown).toBeLessThan(FLAT_MEGABYTES);
    expect(service.process.hasEnded).toBe(false);
    expect(service.process.output).not.toMatch(/unhandled|uncaught/i);
    tell(`database ${fate}`, {
      ...load.figures,
      '/readyz 503 after ms': Math.round(noticedMs),
      'slowest refusal in ms': Math.round(refusedMs),
      '200 appends after its return in ms': Math.round(resumedMs),
      ...(fate === 'killed' && { 'memory grown by MB': grown }),
    });
    conversationIds.length = 0;
    for (let n = 0; n < 4; n++) conversationIds.push(await service.newConversation());
  });
});

it('looks up API keys in bounded time, too', async () => {
  const guarded = await Service.start(database.url, { AUTH_MODE: 'api-key' });
  const headers = { 'x-api-key': newApiKey(database.url) };
  const ask = () => guarded.send('GET', '/conversations', undefined, headers);

  database.freeze();
  const refused = await Promise.all(Array.from({ length: WAVE }, ask));
  database.thaw();

  expectRefused(refused);
  expect((await ask()).status).toBe(200);
});
