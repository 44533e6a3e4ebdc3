import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { createTestApp } from '../support/create-test-app.js';

const first = await createTestApp();
const second = await createTestApp({ databaseUrl: first.databaseUrl });
const identity = { tenant: 'acme', sub: 'ada' };
const replicas = [first.as(identity), second.as(identity)] as const;
const [ada] = replicas;
const replica = (n: number) => replicas[n % 2] ?? ada;

const say = (content: string) => ({ message_from: 'user', content });
const range = (count: number) => Array.from({ length: count }, (_, n) => n);

async function newConversation(): Promise<string> {
  const { status, body } = await ada.post('/conversations', { topic: 'A race' });
  expect(status).toBe(201);
  return `/conversations/${body.id}`;
}

interface Message {
  id: string;
  sequence: number;
  content: string;
  created_by: string;
}

/** Every message of a conversation, over its pages. */
async function messagesOf(conversation: string): Promise<Message[]> {
  const all: Message[] = [];
  for (let page = 1; ; page++) {
    const { body } = await ada.get(`${conversation}/messages`, { query: { page, page_size: 200 } });
    all.push(...body.data);
    if (!body.has_next_page) return all;
  }
}

describe('fifty writers on two replicas', () => {
  it('leave the author of the last message as the one who changed the conversation last', async () => {
    const conversation = await newConversation();
    const authors = range(50).map((n) => (n % 2 ? first : second).as({ tenant: 'acme', sub: `author-${n}` }));

    await Promise.all(authors.map((author) => author.post(`${conversation}/messages`, say('Hello'))));

    const last = (await messagesOf(conversation)).at(-1);
    expect((await ada.get(conversation)).body.updated_by).toBe(last?.created_by);
  });

  it('append to one conversation without a gap, a double or a loss', async () => {
    const conversation = await newConversation();
    const ROUNDS = 3;
    const writer = async (n: number) => {
      const stored: Message[][] = [];
      for (const round of range(ROUNDS)) {
        const name = `${n}-${round}`;
        const client = replica(n + round);
        if (n % 10 === 9) {
          const refused = await client.post(`${conversation}/messages/batch`, {
            messages: [say(`refused ${name}`), { ...say(`refused ${name}`), message_from: 'nobody' }],
          });
          expect(refused.status).toBe(422);
        } else if (n % 3 === 0) {
          const batch = range(1 + ((n + round) % 5)).map((k) => say(`${name}-${k}`));
          const { status, body } = await client.post(`${conversation}/messages/batch`, { messages: batch });
          expect(status).toBe(201);
          stored.push(body.data);
        } else {
          const { status, body } = await client.post(`${conversation}/messages`, say(name));
          expect(status).toBe(201);
          stored.push([body]);
        }
      }
      return stored;
    };

    const answers = (await Promise.all(range(50).map(writer))).flat();

    const messages = await messagesOf(conversation);
    const count = answers.flat().length;
    expect(messages.map(({ sequence }) => sequence)).toEqual(range(count).map((n) => n + 1));
    expect((await ada.get(conversation)).body.message_count).toBe(count);
    const place = ({ id, sequence, content }: Message) => ({
      id,
      sequence,
      content,
    });
    expect(messages.map(place)).toEqual(
      answers
        .flat()
        .map(place)
        .sort((a, b) => a.sequence - b.sequence),
    );
    for (const batch of answers) {
      const [start] = batch;
      expect(batch.map(({ sequence }) => sequence)).toEqual(batch.map((_, n) => (start?.sequence ?? 0) + n));
    }
  }, 60_000);

  it('never show a reader a count without its messages', async () => {
    const conversation = await newConversation();
    let writing = true;
    const read = async (n: number) => {
      let reads = 0;
      for (; writing; reads++) {
        const { status, body } = await replica(n).get(`${conversation}/messages`, {
          query: { page_size: 200 },
        });
        expect(status).toBe(200);
        expect(body.data.map(({ sequence }: { sequence: number }) => sequence)).toEqual(
          range(body.total_count).map((k) => k + 1),
        );
        await nextTurn();
      }
      return reads;
    };

    const readers = [read(0), read(1)];
    await Promise.all(
      range(30).map((n) =>
        replica(n).post(`${conversation}/messages/batch`, { messages: [say(`${n}a`), say(`${n}b`)] }),
      ),
    );
    writing = false;

    expect(Math.min(...(await Promise.all(readers)))).toBeGreaterThan(0);
    expect((await ada.get(conversation)).body.message_count).toBe(60);
  }, 60_000);
});

describe('appends that arrive together', () => {
  const { watcher } = first;
  async function commitsOf<T>(work: () => Promise<T>): Promise<{ result: T; commits: number }> {
    const before = watcher.statements.length;
    const result = await work();
    return {
      result,
      commits: watcher.statements.slice(before).filter((sql) => sql === 'COMMIT').length,
    };
  }

  it('at one conversation share commits', async () => {
    const conversation = await newConversation();

    const { result, commits } = await commitsOf(() =>
      Promise.all(range(50).map((n) => ada.post(`${conversation}/messages`, say(String(n))))),
    );

    expect(result.map(({ status }) => status)).toEqual(range(50).map(() => 201));
    expect(result.map(({ body }) => Number(body.sequence)).sort((a, b) => a - b)).toEqual(
      range(50).map((n) => n + 1),
    );
    expect(commits).toBeLessThan(25);
  });

  it('at many conversations of many tenants each have their own fate', async () => {
    const clients = range(5).map((n) => first.as({ tenant: `tenant-${n}`, sub: 'ada' }));
    const conversations = await Promise.all(
      clients.map(async (client) => ({
        client,
        path: `/conversations/${(await client.post('/conversations')).body.id}/messages`,
      })),
    );
    const key = { 'idempotency-key': 'used-before' };
    for (const { client, path } of conversations)
      expect((await client.post(path, say('first'), { headers: key })).status).toBe(201);

    const { result, commits } = await commitsOf(() =>
      Promise.all(
        conversations.flatMap(({ client, path }, n) => {
          const { path: ofAnother = '' } = conversations.at(n - 1) ?? {};
          return [
            ...range(6).map((k) => client.post(path, say(String(k)))),
            client.post(ofAnother, say('not mine')),
            client.post(path, say('first'), { headers: key }),
          ];
        }),
      ),
    );

    const expected = [...range(6).map(() => 201), 404, 201];
    expect(result.map(({ status }) => status)).toEqual(clients.flatMap(() => expected));
    for (const { client, path } of conversations) {
      const { body } = await client.get(path);
      expect(body.data.map(({ sequence }: { sequence: number }) => sequence)).toEqual([1, 2, 3, 4, 5, 6, 7]);
      expect(body.data.map(({ content }: { content: string }) => content).sort()).toEqual(
        ['0', '1', '2', '3', '4', '5', 'first'].sort(),
      );
    }
    // On a server each conversation has transactions of its own; SQLite has one writer, whose commits all share.
    if (testEngine === 'sqlite') expect(commits).toBeLessThan(conversations.length);
    else expect(commits).toBeLessThan(25);
  });

  it('with other writes share the commits of SQLite, each with its own fate', async () => {
    const conversations = await Promise.all(range(10).map(newConversation));

    const { result, commits } = await commitsOf(() =>
      Promise.all(
        conversations.flatMap((path, n) => [
          ada.post('/conversations', { topic: String(n) }),
          ada.post(`${path}/messages`, say('one')),
          ada.patch(`${path}/status`, { status: 'completed' }),
          ada.patch(`${path}/status`, { status: 'cancelled', expected_status: 'failed' }),
          ada.patch(`/conversations/${randomUUID()}`, { topic: 'of nobody' }),
        ]),
      ),
    );

    expect(result.map(({ status }) => status)).toEqual(range(10).flatMap(() => [201, 201, 200, 409, 404]));
    for (const path of conversations)
      expect((await ada.get(path)).body).toMatchObject({ status: 'completed', message_count: 1 });
    if (testEngine === 'sqlite') expect(commits).toBeLessThan(10);
  });
});

describe('conversations that are created while lists are read', () => {
  it('appear once each, and a walk misses nothing that was there before', async () => {
    const tenant = 'creators';
    const clients = [first, second].map(({ as }) => as({ tenant, sub: 'ada' }));
    const client = (n: number) => clients[n % 2] ?? ada;
    const before: string[] = [];
    for (const n of range(12)) before.push((await client(n).post('/conversations')).body.id);

    const walk = async (n: number) => {
      const seen: string[] = [];
      for (let cursor: string | undefined; ;) {
        const { status, body } = await client(n).get('/conversations', {
          query: { page_size: 3, ...(cursor !== undefined && { cursor }) },
        });
        expect(status).toBe(200);
        seen.push(...body.data.map(({ id }: { id: string }) => id));
        if (body.next_cursor === null) return seen;
        cursor = body.next_cursor;
      }
    };
    const creations = Promise.all(range(40).map((n) => client(n).post('/conversations')));
    const walks = await Promise.all(range(4).map(walk));
    const created = await creations;

    for (const seen of walks) {
      expect(new Set(seen).size).toBe(seen.length);
      expect(seen).toEqual(expect.arrayContaining(before));
    }
    expect(created.map(({ status }) => status)).toEqual(created.map(() => 201));
    const all = await walk(0);
    expect(all.toSorted()).toEqual([...before, ...created.map(({ body }) => String(body.id))].sort());
    expect((await client(1).get('/conversations')).body.total_count).toBe(52);
  }, 60_000);
});

describe('changes that race', () => {
  it('of topics leave one of them and the latest time', async () => {
    const conversation = await newConversation();
    const topics = range(30).map((n) => `Topic ${n}`);

    const answers = await Promise.all(topics.map((topic, n) => replica(n).patch(conversation, { topic })));

    expect(answers.map(({ status, body }): unknown[] => [status, body.topic])).toEqual(
      topics.map((topic) => [200, topic]),
    );
    const { body } = await ada.get(conversation);
    expect(topics).toContain(body.topic);
    const latest = answers
      .map((answer) => String(answer.body.updated_time))
      .sort()
      .at(-1);
    expect(body.updated_time).toBe(latest);
  }, 60_000);

  it('of status and messages do not undo each other', async () => {
    const conversation = await newConversation();

    const answers = await Promise.all([
      ...range(15).map((n) => replica(n).post(`${conversation}/messages`, say(String(n)))),
      ...range(15).map((n) => replica(n).patch(conversation, { topic: `Topic ${n}` })),
      replica(1).patch(`${conversation}/status`, { status: 'completed' }),
    ]);

    expect(answers.map(({ status }) => status)).toEqual([
      ...range(15).map(() => 201),
      ...range(15).map(() => 200),
      200,
    ]);
    expect((await ada.get(conversation)).body).toMatchObject({
      message_count: 15,
      status: 'completed',
      topic: expect.stringMatching(/^Topic \d+$/),
    });
  }, 60_000);

  it('of one message leave feedback and metadata as one of them set it', async () => {
    const conversation = await newConversation();
    const { body: message } = await ada.post(`${conversation}/messages`, say('Hello'));
    const path = `${conversation}/messages/${message.id}`;

    const answers = await Promise.all(
      range(20).map((n) => replica(n).patch(path, n % 2 ? { feedback: `f${n}` } : { metadata: { n } })),
    );

    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    const { body } = await ada.get(path);
    expect(body).toMatchObject({ content: 'Hello', feedback: expect.stringMatching(/^f\d+$/) });
    expect(body.metadata.n % 2).toBe(0);
  }, 60_000);
});

describe('a deletion among appends', () => {
  it.each(range(4))(
    'answers each append with 201 or 404 (%i)',
    async (round) => {
      const conversation = await newConversation();
      const append = (n: number) =>
        n % 2
          ? replica(n >> 1).post(`${conversation}/messages`, say(String(n)))
          : replica(n >> 1).post(`${conversation}/messages/batch`, { messages: [say('a'), say('b')] });

      const before = range(8 * round).map(append);
      const deletions = replicas.map((client) => client.delete(conversation));
      const after = range(12).map(append);

      const appended = await Promise.all([...before, ...after]);
      const deleted = await Promise.all(deletions);

      expect(deleted.map(({ status }) => status).sort()).toEqual([204, 404]);
      for (const { status, body } of appended) {
        expect([201, 404]).toContain(status);
        if (status === 404) expect(body.code).toBe('conversation_not_found');
      }
      expect((await append(1)).status).toBe(404);
      expect((await ada.get(`${conversation}/messages`)).status).toBe(404);
    },
    30_000,
  );
});
