import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Agent } from 'node:http';
import { TcpProxy } from '../support/tcp-proxy.js';
import { allMessages, type Answer, send } from './support/client.js';
import { type CommitFault, CommitFaults } from './support/commit-faults.js';
import { DatabaseServer } from './support/database-server.js';
import { tell } from './support/figures.js';
import { Service } from './support/service.js';
import { until } from '../support/until.js';

const HELLO = { message_from: 'user', content: 'Hello' };
const MISSING = '01900000-0000-7000-8000-000000000000';
/** More than a transaction is run. */
const MANY = 12;

const database = await DatabaseServer.start();
const commits = new CommitFaults();
const proxy = await TcpProxy.before(database.url, commits.join);
// Its only COMMITs are those of requests: jobs run in the other one.
const service = await Service.start(proxy.url, { ROLES: 'api' });
const other = await Service.start(database.url);
afterAll(() => proxy.close());

let keys = 0;
const newKey = () => ({ 'idempotency-key': `key-${++keys}` });

describe.each<CommitFault>(['before', 'after', 'late'])(
  'a connection to the database that breaks %s COMMIT',
  (fault) => {
    describe.each([false, true])('with an Idempotency-Key: %s', (hasKey) => {
      const write = async (path: string, body: object): Promise<Answer> => {
        const headers = hasKey ? newKey() : {};
        commits.arm(fault);
        const answer = await service.send('POST', path, body, headers);
        expect(commits.left).toBe(0);
        if (hasKey) {
          const repeated = await other.send('POST', path, body, headers);
          expect([repeated.status, repeated.text]).toEqual([answer.status, answer.text]);
        }
        return answer;
      };

      it('creates a conversation once', async () => {
        const assignment_id = `${fault}-${hasKey}`;

        const created = await write('/conversations', { assignment_id });

        expect(created.status).toBe(201);
        const list = await other.send('GET', `/conversations?assignment_id=${assignment_id}`);
        expect(list.body.data).toEqual([created.body]);
      });

      it('appends a message once', async () => {
        const id = await other.newConversation();

        const appended = await write(`/conversations/${id}/messages`, HELLO);

        expect(appended.status).toBe(201);
        expect(await allMessages(other.url, id)).toEqual([appended.body]);
        expect((await other.send('GET', `/conversations/${id}`)).body.message_count).toBe(1);
      });

      it('appends a batch once, and whole', async () => {
        const id = await other.newConversation();
        const messages = ['a', 'b', 'c'].map((content) => ({ ...HELLO, content }));

        const appended = await write(`/conversations/${id}/messages/batch`, { messages });

        expect(appended.status).toBe(201);
        expect(appended.body.data).toHaveLength(3);
        expect(await allMessages(other.url, id)).toEqual(appended.body.data);
        expect((await other.send('GET', `/conversations/${id}`)).body.message_count).toBe(3);
      });

      it('answers what is missing with 404', async () => {
        const path = `/conversations/${MISSING}/messages`;
        const headers = hasKey ? newKey() : {};
        commits.arm(fault);

        const answer = await service.send('POST', path, HELLO, headers);

        // A key keeps what was done, and here nothing was.
        expect(commits.left).toBe(1);
        expect([answer.status, answer.body.code]).toEqual([404, 'conversation_not_found']);
        commits.arm();
      });
    });

    it.each([
      ['', 'topic', 'Another', {}],
      ['/status', 'status', 'completed', { expected_status: 'running' }],
    ])('changes the conversation%s once, as its reader expects it', async (subPath, field, value, more) => {
      const path = `/conversations/${await other.newConversation()}`;
      const { etag = '' } = (await other.send('GET', path)).headers;
      commits.arm(fault);

      const changed = await service.send(
        'PATCH',
        path + subPath,
        { [field]: value, ...more },
        { 'if-match': etag },
      );

      expect(commits.left).toBe(0);
      expect([changed.status, changed.body[field]]).toEqual([200, value]);
      const read = await other.send('GET', path);
      expect([read.body, read.headers.etag]).toEqual([changed.body, changed.headers.etag]);
    });

    it('changes a message once, as its reader expects it', async () => {
      const messages = `/conversations/${await other.newConversation()}/messages`;
      const { body, headers } = await other.send('POST', messages, HELLO);
      const path = `${messages}/${body.id}`;
      commits.arm(fault);

      const changed = await service.send(
        'PATCH',
        path,
        { feedback: 'good' },
        { 'if-match': headers.etag ?? '' },
      );

      expect(commits.left).toBe(0);
      expect([changed.status, changed.body.feedback]).toEqual([200, 'good']);
      const read = await other.send('GET', path);
      expect([read.body, read.headers.etag]).toEqual([changed.body, changed.headers.etag]);
    });

    it('deletes a conversation', async () => {
      const path = `/conversations/${await other.newConversation()}`;
      const { etag = '' } = (await other.send('GET', path)).headers;
      commits.arm(fault);

      const deleted = await service.send('DELETE', path, undefined, { 'if-match': etag });

      expect(commits.left).toBe(0);
      expect(deleted.status).toBe(204);
      expect((await other.send('GET', path)).status).toBe(404);
      // The removal of its messages has COMMITs of its own: they are not to meet the next test's fault.
      await until('its messages are removed', async () => {
        const rows = await database.query('SELECT 1 FROM colloquy.deleted_conversation');
        return rows.length === 0;
      });
    });
  },
);

describe.each<CommitFault>(['before', 'after', 'late'])(
  'a connection to the database that breaks %s the COMMIT of many appends',
  (fault) => {
    it('appends each of them once and answers each with its own, with keys and without', async () => {
      const id = await other.newConversation();
      const path = `/conversations/${id}/messages`;
      // The first goes alone; what comes meanwhile goes together into the next COMMIT.
      commits.arm(fault, 'none', fault);

      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, n) =>
          service.send('POST', path, { ...HELLO, content: `${n}` }, n % 2 ? newKey() : {}),
        ),
      );

      expect(commits.left).toBe(0);
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201));
      const messages = await allMessages(other.url, id);
      const told = answers.map(({ body }) => body).sort((a, b) => a.sequence - b.sequence);
      expect(messages).toEqual(told);
      expect((await other.send('GET', `/conversations/${id}`)).body.message_count).toBe(10);
    });
  },
);

describe('connections that break again and again', () => {
  it('end in the answer when one COMMIT gets through', async () => {
    const id = await other.newConversation();
    commits.arm('before', 'late', 'before', 'after');

    const appended = await service.send('POST', `/conversations/${id}/messages`, HELLO);

    expect(appended.status).toBe(201);
    expect(await allMessages(other.url, id)).toEqual([appended.body]);
    commits.arm();
  });

  it('before COMMIT end in 503 with Retry-After, and nothing is written until it is repeated', async () => {
    const id = await other.newConversation();
    const path = `/conversations/${id}/messages`;
    const headers = newKey();
    commits.arm(...Array.from({ length: MANY }, (): CommitFault => 'before'));

    const refused = await service.send('POST', path, HELLO, headers);
    const left = commits.left;
    commits.arm();

    expect([refused.status, refused.body.code]).toEqual([503, 'unavailable']);
    expect(refused.headers['retry-after']).toMatch(/^\d+$/);
    expect(left).toBeGreaterThan(0);
    expect(await allMessages(other.url, id)).toEqual([]);
    const repeated = await service.send('POST', path, HELLO, headers);
    expect(await allMessages(other.url, id)).toEqual([repeated.body]);
    tell('a COMMIT that never arrives', { attempts: MANY - left });
  });

  it.each([true, false])(
    'after COMMIT are told as a doubt, and nothing is half done (key: %s)',
    async (hasKey) => {
      const id = await other.newConversation();
      const path = `/conversations/${id}/messages/batch`;
      const messages = ['a', 'b', 'c'].map((content) => ({ ...HELLO, content }));
      const headers = hasKey ? newKey() : {};
      commits.arm(...Array.from({ length: MANY }, (): CommitFault => 'after'));

      const refused = await service.send('POST', path, { messages }, headers);
      commits.arm();

      expect([refused.status, refused.body.code]).toEqual([503, 'unavailable']);
      expect(refused.body.detail).toMatch(/not known/);
      const written = await allMessages(other.url, id);
      expect(written.map(({ content }) => content)).toEqual(['a', 'b', 'c']);
      if (hasKey) {
        const repeated = await service.send('POST', path, { messages }, headers);
        expect([repeated.status, repeated.body.data]).toEqual([201, written]);
        expect(await allMessages(other.url, id)).toEqual(written);
      }
    },
  );

  it('before others change the same are told as a doubt, and not as a conflict with oneself', async () => {
    const path = `/conversations/${await other.newConversation()}`;
    const status = { status: 'completed', expected_status: 'running' };
    commits.arm('unanswered');
    const holding = commits.holding();
    const answer = service.send('PATCH', `${path}/status`, status);
    const cut = await holding;

    await other.send('PATCH', path, { topic: 'Another' });
    cut();
    const doubtful = await answer;

    expect([doubtful.status, doubtful.body.code]).toEqual([503, 'unavailable']);
    expect(doubtful.body.detail).toMatch(/not known/);
    const { body } = await other.send('GET', path);
    expect([body.status, body.topic]).toEqual(['completed', 'Another']);
  });
});

describe('a crash in the middle of a transaction', () => {
  it('of the service leaves no gap', async () => {
    const id = await other.newConversation();
    const path = `/conversations/${id}/messages`;
    const doomed = await Service.start(proxy.url);
    const headers = newKey();
    commits.arm('held');
    const held = commits.holding();
    const unanswered = expect(doomed.send('POST', path, HELLO, headers)).rejects.toThrow('socket hang up');
    await held;

    await doomed.process.kill();

    await unanswered;
    const next = await other.send('POST', path, { ...HELLO, content: 'next' });
    expect([next.status, next.body.sequence]).toEqual([201, 1]);
    const repeated = await other.send('POST', path, HELLO, headers);
    expect([repeated.status, repeated.body.sequence]).toEqual([201, 2]);
    expect((await other.send('GET', `/conversations/${id}`)).body.message_count).toBe(2);
  });

  it('of the database leaves no gap', async () => {
    const id = await other.newConversation();
    const path = `/conversations/${id}/messages`;
    commits.arm('held');
    const held = commits.holding();
    const answer = service.send('POST', path, HELLO);
    await held;

    await database.kill();
    const refused = await answer;
    await database.start();

    expect(refused.status).toBe(503);
    const next = await other.send('POST', path, { ...HELLO, content: 'next' });
    expect([next.status, next.body.sequence]).toEqual([201, 1]);
    expect((await other.send('GET', `/conversations/${id}`)).body.message_count).toBe(1);
  });
});

describe('a connection to the client that breaks after the commit', () => {
  const ROUNDS = 20;
  /** Answers that did not reach the client. */
  const lost: string[] = [];
  let proxies: TcpProxy[] = [];

  beforeAll(async () => {
    proxies = await Promise.all(
      [service, other].map(({ url }) =>
        TcpProxy.before(url, (link) => {
          link.client.pipe(link.server);
          link.server.on('data', (chunk: Buffer) => {
            lost.push(chunk.toString());
            link.cut();
          });
        }),
      ),
    );
  });
  afterAll(() => Promise.all(proxies.map((proxy) => proxy.close())));

  it('and is repeated twenty times through two replicas gives one row and one answer', async () => {
    const assignment_id = 'twenty-times';
    const headers = newKey();
    const agent = new Agent();
    lost.length = 0;

    for (let round = 0; round < ROUNDS; round++) {
      const url = proxies[round % proxies.length]?.url ?? '';
      await expect(
        send(url, 'POST', '/conversations', { body: { assignment_id }, headers, agent }),
      ).rejects.toThrow();
    }
    const answers = await Promise.all(
      [service, other].map((replica) => replica.send('POST', '/conversations', { assignment_id }, headers)),
    );

    const bodies = new Set([
      ...lost.map((answer) => answer.slice(answer.indexOf('\r\n\r\n') + 4)),
      ...answers.map(({ text }) => text),
    ]);
    expect(lost).toHaveLength(ROUNDS);
    expect(answers.map(({ status }) => status)).toEqual([201, 201]);
    expect(bodies.size).toBe(1);
    expect(lost.filter((answer) => answer.includes('idempotency-replayed: true'))).toHaveLength(ROUNDS - 1);
    const list = await other.send('GET', `/conversations?assignment_id=${assignment_id}`);
    expect(list.body.data).toEqual([answers[0]?.body]);
  });

  it('and is repeated twenty times at once gives one row and one answer', async () => {
    const id = await other.newConversation();
    const path = `/conversations/${id}/messages`;
    const headers = newKey();

    const answers = await Promise.all(
      Array.from({ length: ROUNDS }, (_, n) => (n % 2 ? service : other).send('POST', path, HELLO, headers)),
    );

    const created = answers.filter(({ status }) => status === 201);
    const others = answers.filter(({ status }) => status !== 201);
    expect(created.length).toBeGreaterThan(0);
    expect(new Set(created.map(({ text }) => text)).size).toBe(1);
    expect(others.map(({ body }) => body.code)).toEqual(others.map(() => 'idempotency_in_progress'));
    expect(await allMessages(other.url, id)).toEqual([created[0]?.body]);
  });
});
