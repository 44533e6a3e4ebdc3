import { afterAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { DataSource } from 'typeorm';
import { createTestApp } from '../../../test/support/create-test-app.js';
import { freePort } from '../../../test/support/machine.js';
import { tokenFor } from '../../../test/support/test-client.js';
import { type Link, TcpProxy } from '../../../test/support/tcp-proxy.js';
import { ConnectionError, NotFoundError, ServerError, TimeoutError } from '../src/errors.js';
import { until } from '../../../test/support/until.js';
import { caught } from './support/caught.js';
import { clientOf, startService, watchAttempts } from './support/service.js';

type Fault = 'lost request' | 'lost answer' | 'cut answer' | 'no answer';

const service = await startService();
const before = await createTestApp({ databaseUrl: service.databaseUrl });
const after = await createTestApp({ databaseUrl: service.databaseUrl });
const held = await createTestApp();
const faults: Fault[] = [];
const proxy = await TcpProxy.before(service.url, spoil);
afterAll(() => proxy.close());

/** Every connection meets the next fault; when there is none, all is well. */
function spoil({ client, server, cut }: Link): void {
  const fault = faults.shift();
  if (fault === 'lost request') return cut();
  client.pipe(server);
  if (fault === undefined) server.pipe(client);
  if (fault === 'lost answer') server.once('data', cut);
  if (fault === 'cut answer')
    server.once('data', (chunk: Buffer) => client.write(chunk.subarray(0, -1), cut));
}

/** A client behind the proxy, each of whose requests has a connection of its own. */
function behindProxy(options: Parameters<typeof clientOf>[1] = {}) {
  const { attempts, onAttempt } = watchAttempts();
  const headers = { connection: 'close' };
  return { ...clientOf(proxy.url, { onAttempt, headers, ...options }), attempts };
}

describe('an answer that does not arrive', () => {
  it.each<Fault>(['lost request', 'lost answer', 'cut answer'])(
    '(%s) is asked for again, and what was written is written once',
    async (fault) => {
      const { conversations, attempts } = behindProxy();
      const { messages } = conversations;
      const user = fault.replace(' ', '-');
      faults.push(fault);
      const conversation = await conversations.create({ user_id: user }).withResponse();
      const { id } = conversation.data;
      faults.push(fault);
      const message = await messages.append(id, { message_from: 'user', content: 'Hello' }).withResponse();

      const wasDone = fault !== 'lost request';
      expect([conversation, message].map(({ attempts: n, replayed }) => [n, replayed])).toEqual([
        [2, wasDone],
        [2, wasDone],
      ]);
      expect(await messages.list(id).toArray()).toEqual([message.data]);
      expect((await conversations.list({ user_id: user })).total_count).toBe(1);
      expect(attempts[0]).toMatchObject({ method: 'POST', attempt: 1, status: null });
      expect(attempts[1]).toMatchObject({ status: 201, requestId: attempts[0]?.requestId, retryInMs: null });
    },
  );

  it('to a conditional change does not make the client a rival of itself', async () => {
    const { conversations } = behindProxy();
    const { data, etag } = await conversations.create().withResponse();
    faults.push('lost answer');

    const updated = await conversations.update(data.id, { topic: 'Mine' }, { ifMatch: etag ?? '' });

    expect(updated.topic).toBe('Mine');
  });

  it('to a deletion means that what is gone was deleted', async () => {
    const { conversations } = behindProxy();
    const { id } = await conversations.create();
    faults.push('lost answer');

    await conversations.delete(id);

    expect(await caught(conversations.delete(id))).toBeInstanceOf(NotFoundError);
  });

  it('at all ends in an error that tells the request id', async () => {
    const { conversations, attempts } = behindProxy({ maxRetries: 1 });
    faults.push('lost answer', 'lost answer');

    const error = await caught(conversations.list({}, { requestId: 'lost-twice' }));

    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({ name: 'ConnectionError', requestId: 'lost-twice' });
    expect(attempts.map(({ attempt }) => attempt)).toEqual([1, 2]);
  });

  it('because nobody listens names that in its message', async () => {
    const { conversations } = clientOf(`http://127.0.0.1:${await freePort()}`, { maxRetries: 0 });

    expect(await caught(conversations.list())).toMatchObject({
      message: expect.stringMatching(/no whole answer arrived \(ECONNREFUSED\)$/),
    });
  });

  it('in time is asked for again', async () => {
    const { conversations, attempts } = behindProxy({ timeoutMs: 500 });
    faults.push('no answer');

    const { attempts: sent } = await conversations.list({}, { timeoutMs: 300 }).withResponse();

    expect(sent).toBe(2);
    expect(attempts[0]?.status).toBeNull();
    faults.push('no answer');
    const error = await caught(conversations.list({}, { timeoutMs: 100, maxRetries: 0 }));
    expect(error).toBeInstanceOf(TimeoutError);
    expect(String(error)).toContain('100 ms');
  });
});

describe('a restart of the service', () => {
  it('is not seen by who asks meanwhile', async () => {
    const port = await freePort();
    await before.app.listen(port, '127.0.0.1');
    const { attempts, onAttempt } = watchAttempts();
    const { conversations } = clientOf(`http://127.0.0.1:${port}`, { maxRetries: 10, onAttempt });
    const { id } = await conversations.create();

    await before.close();
    const appended = conversations.messages.append(id, { message_from: 'user', content: 'Are you there?' });
    await until('it was sent in vain', () => attempts.some(({ status }) => status === null));
    await after.app.listen(port, '127.0.0.1');

    expect((await appended.withResponse()).attempts).toBeGreaterThan(1);
    expect(await conversations.messages.list(id).toArray()).toEqual([await appended]);
  });
});

describe('a signal', () => {
  it('ends a request under way', async () => {
    const { conversations } = behindProxy();
    const controller = new AbortController();
    faults.push('no answer');
    const listed = caught(conversations.list({}, { signal: controller.signal }));

    await until('it is under way', () => faults.length === 0);
    controller.abort(new Error('The user has left.'));

    expect(await listed).toEqual(new Error('The user has left.'));
  });

  it('ends the wait for the next attempt', async () => {
    const controller = new AbortController();
    const { conversations } = behindProxy({
      maxRetries: 1,
      onAttempt: ({ retryInMs }) => {
        if (retryInMs !== null) setImmediate(() => controller.abort());
      },
    });
    faults.push('lost request', 'lost request');

    const error = await caught(conversations.list({}, { signal: controller.signal }));

    faults.length = 0;
    expect(error).toMatchObject({ name: 'AbortError' });
  });

  it('that is aborted already sends nothing', async () => {
    const { attempts, onAttempt } = watchAttempts();
    const { conversations } = service.client({ onAttempt });

    const error = await caught(conversations.create({}, { signal: AbortSignal.abort() }));

    expect(error).toMatchObject({ name: 'AbortError' });
    expect(attempts.map(({ status }) => status)).toEqual([null]);
  });
});

describe('a proxy', () => {
  it('that answers in place of the service is told from it', async () => {
    const gateway = createServer((_request, response) => {
      response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>Bad gateway</h1>');
    }).listen(0, '127.0.0.1');
    await once(gateway, 'listening');
    const address = gateway.address();
    const port = typeof address === 'object' ? address?.port : undefined;

    const error = await caught(
      clientOf(`http://127.0.0.1:${port ?? 0}`, { maxRetries: 0 }).conversations.list(),
    );
    gateway.close();

    expect(error).toBeInstanceOf(ServerError);
    expect(error).toMatchObject({ status: 502, code: undefined, problem: undefined });
  });
});

describe('a credential', () => {
  it('that is a function is asked at every attempt', async () => {
    let asked = 0;
    const { conversations, attempts } = behindProxy({
      token: () => {
        asked++;
        return tokenFor({ tenant: 'acme' });
      },
    });
    faults.push('lost request', 'cut answer');

    await conversations.list();

    expect([attempts.length, asked]).toEqual([3, 3]);
  });

  it('that cannot be had ends the request', async () => {
    let asked = 0;
    const token = () => Promise.reject(new Error(`No token ${++asked}.`));

    expect(await caught(clientOf(proxy.url, { token }).conversations.list())).toEqual(
      new Error('No token 1.'),
    );
  });
});

describe('a key whose request is still under way', () => {
  it('is tried again, until the first has its answer', async () => {
    const { attempts, onAttempt } = watchAttempts();
    const { conversations } = clientOf(await held.listen(), { onAttempt });
    const others = held.app.get(DataSource).createQueryRunner();
    await others.startTransaction();

    const options = { idempotencyKey: 'order-7' };
    const creating = [conversations.create({}, options), conversations.create({}, options)];
    await until('one was refused', () => attempts.length > 0);
    await others.rollbackTransaction();
    await others.release();
    const [one, same] = await Promise.all(creating);

    expect(same).toEqual(one);
    expect(attempts.map(({ status }) => status)).toEqual([409, 201, 201]);
    expect(attempts[0]?.retryInMs).toBeGreaterThanOrEqual(1000);
  });
});
