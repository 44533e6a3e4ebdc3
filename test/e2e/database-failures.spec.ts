import { afterAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { createTestApp } from '../support/create-test-app.js';
import { expectProblem } from '../support/problems.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { createTestDatabase } from '../support/test-database.js';
import { until } from '../support/until.js';

const { app, as, logs, goAway, comeBack } = await (testEngine === 'sqlite' ? closable() : behindProxy());
const ada = as({ tenant: 'acme' });
const database = app.get(DataSource);
const HELLO = { message_from: 'user', content: 'A secret' };
const messages = `/conversations/${(await ada.post('/conversations')).body.id}/messages`;
const message = `${messages}/${(await ada.post(messages, HELLO)).body.id}`;

describe('a fault of the service', () => {
  afterAll(() => database.query('ALTER TABLE message_away RENAME TO message'));

  it.each<[string, string, string, unknown]>([
    ['listMessages', 'GET', messages, undefined],
    ['appendMessage', 'POST', messages, HELLO],
    ['appendMessages', 'POST', `${messages}/batch`, { messages: [HELLO] }],
    ['getMessage', 'GET', message, undefined],
    ['updateMessage', 'PATCH', message, { feedback: 'A secret' }],
  ])('is 500 to %s, hides everything, and its cause is in the log', async (operation, method, path, body) => {
    if (await hasTable('message')) await database.query('ALTER TABLE message RENAME TO message_away');
    const headers = { 'x-request-id': `fault-of-${operation}` };

    const answer = await ada.send(method, path, body, { headers });

    expectProblem(answer, 'internal_error');
    expect(JSON.stringify([answer.body.detail, answer.body.title])).not.toMatch(
      /sql|table|select|insert|secret/i,
    );
    expect(Object.keys(answer.body).sort()).toEqual(
      ['type', 'title', 'status', 'detail', 'instance', 'code', 'request_id'].sort(),
    );
    const logged = logs.filter(
      ({ request_id, level }) => request_id === headers['x-request-id'] && level === 'error',
    );
    expect(logged).toEqual([expect.objectContaining({ code: 'internal_error' })]);
    expect(JSON.stringify(logged)).toContain(testEngine === 'sqlite' ? 'SQLITE_ERROR' : 'ER_NO_SUCH_TABLE');
    expect(JSON.stringify(logged)).not.toContain('A secret');
  });
});

async function hasTable(name: string): Promise<boolean> {
  const runner = database.createQueryRunner();
  try {
    return await runner.hasTable(name);
  } finally {
    await runner.release();
  }
}

describe('a database that is gone', () => {
  it('is not ready and 503 with a hint when to try again, and all is well when it is back', async () => {
    const path = `/conversations/${(await ada.post('/conversations')).body.id}`;
    const requests: [string, string, unknown][] = [
      ['GET', '/conversations', undefined],
      ['GET', path, undefined],
      ['GET', `${path}/messages`, undefined],
      ['POST', '/conversations', {}],
      ['PATCH', path, { topic: 'x' }],
      ['PATCH', `${path}/status`, { status: 'failed' }],
      ['DELETE', path, undefined],
      ['POST', `${path}/messages`, HELLO],
      ['POST', `${path}/messages/batch`, { messages: [HELLO] }],
    ];

    await goAway();
    const alive = await ada.get('//healthz');
    // What the database last answered, at the latest when the service started, counts for a second.
    await until('/readyz says no', async () => (await ada.get('//readyz')).status !== 200, 5_000);
    const ready = await ada.get('//readyz');
    const answers = await Promise.all(requests.map((request) => ada.send(...request)));

    expect(alive.status).toBe(200);
    for (const answer of [ready, ...answers]) {
      expectProblem(answer, 'unavailable');
      expect(answer.headers['retry-after']).toBe('1');
      expect(answer.text).not.toMatch(/ECONN|SQL|127\.0\.0\.1|connection/);
    }
    expect(logs).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        message: expect.stringMatching(/^The database takes no writes\. ./),
      }),
    );
    for (const { body } of answers)
      expect(logs).toContainEqual(
        expect.objectContaining({ message: 'request', code: 'unavailable', request_id: body.request_id }),
      );
    // Why stands in one line, as long as it lasts.
    const told = logs.filter(({ level, code }) => level === 'error' && code === 'unavailable');
    expect(told.length).toBeGreaterThan(0);
    expect(told.length).toBeLessThan(answers.length);
    await comeBack();

    await until('/readyz says yes', async () => (await ada.get('//readyz')).status === 200);
    expect((await ada.post('/conversations')).status).toBe(201);
    const { status, body } = await ada.get(path);
    expect([status, body.message_count, body.topic]).toEqual([200, 0, 'New Conversation']);
    expect((await ada.post(`${path}/messages`, HELLO)).body.sequence).toBe(1);
  });
});

/** The data source closes, as it does when the service stops. */
async function closable() {
  const served = await createTestApp();
  const dataSource = served.app.get(DataSource);
  return { ...served, goAway: () => dataSource.destroy(), comeBack: () => dataSource.initialize() };
}

/** All connections to the server break, and no new ones are taken. */
async function behindProxy() {
  const database = await createTestDatabase();
  const proxy = await TcpProxy.before(database.url);
  const served = await createTestApp({ databaseUrl: proxy.url });
  afterAll(async () => {
    await proxy.close();
    await database.drop();
  });
  return { ...served, goAway: () => proxy.close(), comeBack: () => proxy.open() };
}
