import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { createTestApp } from '../support/create-test-app.js';
import { expectProblem } from '../support/problems.js';
import { createTestDatabase } from '../support/test-database.js';

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
  it('is 503 with a hint when to try again, and all is well when it is back', async () => {
    const path = `/conversations/${(await ada.post('/conversations')).body.id}`;
    const requests: [string, string, unknown][] = [
      ['POST', '/conversations', {}],
      ['PATCH', path, { topic: 'x' }],
      ['PATCH', `${path}/status`, { status: 'failed' }],
      ['DELETE', path, undefined],
      ['POST', `${path}/messages`, HELLO],
      ['POST', `${path}/messages/batch`, { messages: [HELLO] }],
      // Reading goes past TypeORM's connection on SQLite.
      ...(testEngine === 'sqlite'
        ? []
        : ([
            ['GET', '/conversations', undefined],
            ['GET', path, undefined],
            ['GET', `${path}/messages`, undefined],
          ] as [string, string, unknown][])),
    ];

    await goAway();
    const answers = await Promise.all(requests.map((request) => ada.send(...request)));
    for (const answer of answers) {
      expectProblem(answer, 'unavailable');
      expect(answer.headers['retry-after']).toMatch(/^\d+$/);
      expect(logs).toContainEqual(
        expect.objectContaining({ level: 'error', code: 'unavailable', request_id: answer.body.request_id }),
      );
    }
    await comeBack();

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
  const target = new URL(database.url);
  const sockets = new Set<Socket>();
  const proxy = createServer((socket) => {
    const upstream = connect({ port: Number(target.port), host: target.hostname });
    for (const end of [socket, upstream]) {
      sockets.add(end);
      end.on('error', () => undefined);
    }
    socket.pipe(upstream).pipe(socket);
  });
  const listen = async (port: number) => {
    proxy.listen(port, '127.0.0.1');
    await once(proxy, 'listening');
  };
  const goAway = async () => {
    const closed = once(proxy, 'close');
    proxy.close();
    for (const socket of sockets) socket.destroy();
    sockets.clear();
    await closed;
  };
  await listen(0);
  const { port } = proxy.address() as AddressInfo;
  const throughProxy = new URL(database.url);
  throughProxy.port = String(port);
  const served = await createTestApp({ databaseUrl: throughProxy.href });
  afterAll(async () => {
    await goAway();
    await database.drop();
  });
  return { ...served, goAway, comeBack: () => listen(port) };
}
