import { expect, it } from '@jest/globals';
import type { Connection } from 'mysql2/promise';
import { type Answer, asksToRepeat, send } from './support/client.js';
import { DatabaseServer } from './support/database-server.js';
import { tell } from './support/figures.js';
import { Service } from './support/service.js';
import { until } from '../support/until.js';

const POOL_SIZE = 4;
/** Of one tenant: those that have a connection, of which one is kept for other tenants, and those that wait for one. */
const TAKEN = POOL_SIZE - 1 + 500;
const FLOOD = 1500;

const database = await DatabaseServer.start();
const service = await Service.start(database.url, { DATABASE_POOL_SIZE: String(POOL_SIZE) });

const create = (assignment: string, key?: number): Promise<Answer> =>
  send(service.url, 'POST', `/conversations?assignment_id=${assignment}`, {
    body: {},
    headers: key === undefined ? {} : { 'idempotency-key': `${assignment}-${key}` },
  });

/** Creates many conversations at once while no row can be written; `answers` grows as they come. */
async function floodWhileLocked(assignment: string) {
  const blocker = await database.connect();
  await blocker.query('LOCK TABLES colloquy.conversation WRITE');
  const answers: Answer[] = [];
  const flood = Array.from({ length: FLOOD }, async (_, key) => {
    answers.push(await create(assignment, key));
  });
  return { answers, done: Promise.all(flood), unlock: () => unlock(blocker) };
}

async function unlock(blocker: Connection): Promise<void> {
  await blocker.query('UNLOCK TABLES');
  blocker.destroy();
}

function expectRefused(answers: readonly Answer[]): void {
  for (const { status, body, headers } of answers) {
    expect([status, body.code]).toEqual([503, 'unavailable']);
    expect(headers['retry-after']).toMatch(/^\d+$/);
  }
}

async function stored(assignment: string): Promise<number> {
  const { body } = await service.send('GET', `/conversations?assignment_id=${assignment}`);
  return body.total_count;
}

const details = (answers: readonly Answer[]): Record<string, number> =>
  Object.fromEntries(
    [...new Set(answers.map(({ body }) => String(body.detail)))].map((detail) => [
      detail,
      answers.filter(({ body }) => body.detail === detail).length,
    ]),
  );

it('beyond what may wait is 503 at once, and what waits is done when the database goes on', async () => {
  const start = performance.now();
  const { answers, done, unlock: goOn } = await floodWhileLocked('short');

  await until('all that is too much is refused', () => answers.length >= FLOOD - TAKEN);
  const refusedMs = performance.now() - start;
  const atOnce = [...answers];
  const alive = await service.statusOf('/healthz');
  await goOn();
  await done;

  expectRefused(atOnce);
  // Refused for the length of the queue, before anybody has waited too long.
  expect(Object.keys(details(atOnce))).toEqual(['Too many requests of this tenant wait already.']);
  expect(alive).toBe(200);
  const created = answers.filter(({ status }) => status === 201).length;
  expectRefused(answers.filter(({ status }) => status !== 201));
  expect(created).toBeGreaterThan(0);
  expect(created).toBeLessThanOrEqual(TAKEN);
  expect(await stored('short')).toBe(created);
  tell(`${FLOOD} writes at once, ${TAKEN} of which may wait`, {
    created,
    refused: FLOOD - created,
    'the last refusal in ms': Math.round(refusedMs),
  });
});

it('that lasts is 503 for all in bounded time, and each is done once when it is repeated afterwards', async () => {
  const blocker = await database.connect();
  await blocker.query('LOCK TABLES colloquy.conversation WRITE');
  const start = performance.now();
  const withoutKey = Promise.all(Array.from({ length: POOL_SIZE }, () => create('long')));
  const flood = Promise.all(Array.from({ length: FLOOD }, (_, key) => create('long', key)));

  const answers = [...(await withoutKey), ...(await flood)];
  const refusedMs = performance.now() - start;
  await unlock(blocker);
  const repeated = await repeatAll('long');

  expectRefused(answers);
  expect(repeated.map(({ status }) => status)).toEqual(repeated.map(() => 201));
  expect(new Set(repeated.map(({ body }) => body.id)).size).toBe(FLOOD);
  // Nothing that was refused was written after all, unless the answer said that it may be.
  const doubtful = (await withoutKey).filter(({ body }) => /not known/.test(body.detail)).length;
  const unrepeated = (await stored('long')) - FLOOD;
  expect(unrepeated).toBeLessThanOrEqual(doubtful);
  expect(service.process.output).not.toMatch(/unhandled|uncaught/i);
  tell(`${FLOOD + POOL_SIZE} writes at once that cannot be done`, {
    'all refused in ms': Math.round(refusedMs),
    reasons: JSON.stringify(details(answers)),
    'of those in doubt were written after all': unrepeated,
  });
});

/** Sends each request of the flood again, a few at a time, as often as it is asked to. */
async function repeatAll(assignment: string): Promise<Answer[]> {
  const answers: Answer[] = [];
  const clients = Array.from({ length: 20 }, async (_, client) => {
    for (let key = client; key < FLOOD; key += 20) {
      let answer = await create(assignment, key);
      while (asksToRepeat(answer)) answer = await create(assignment, key);
      answers.push(answer);
    }
  });
  await Promise.all(clients);
  return answers;
}
