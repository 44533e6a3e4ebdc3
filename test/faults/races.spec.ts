import { describe, expect, it } from '@jest/globals';
import { allMessages } from './support/client.js';
import { DatabaseServer } from './support/database-server.js';
import { tell } from './support/figures.js';
import { Service } from './support/service.js';
import { Writers } from './support/writers.js';

const HELLO = { message_from: 'user', content: 'Hello' };

const database = await DatabaseServer.start();
const [one, two] = await Promise.all([Service.start(database.url), Service.start(database.url)]);

describe('two writers through two replicas', () => {
  it('that change what they have read at the same ETag: one wins, a thousand times', async () => {
    const path = `/conversations/${await one.newConversation()}`;
    let { etag = '' } = (await one.send('GET', path)).headers;
    const outcomes = new Set<string>();
    let wonByFirst = 0;

    for (let round = 0; round < 1000; round++) {
      const answers = await Promise.all(
        [one, two].map((replica, index) =>
          replica.send('PATCH', path, { topic: `${round}-${index}` }, { 'if-match': etag }),
        ),
      );
      const winner = answers.find(({ status }) => status === 200);
      outcomes.add(
        answers
          .map(({ status }) => status)
          .sort()
          .join(' '),
      );
      wonByFirst += Number(answers[0] === winner);
      const now = await (round % 2 ? one : two).send('GET', path);
      expect(now.body).toEqual(winner?.body);
      etag = now.headers.etag ?? '';
    }

    expect([...outcomes]).toEqual(['200 412']);
    tell('1000 rounds of two PATCHes', { 'won by the first replica': wonByFirst });
  });
});

describe('50 writers of 100 messages each, through two replicas', () => {
  it('leave exactly 1 to 5000 in one conversation, whatever fails between them', async () => {
    const id = await one.newConversation();
    const path = `/conversations/${id}/messages`;
    const outcomes = new Map<number, number>();
    const rivals = Array.from({ length: 50 }, (_, n) => `rival-${n}`);
    const load = new Writers({
      serviceUrls: () => [one.url, two.url],
      conversationIds: [id],
      writers: 50,
      messages: 100 - 1, // its last one is a rival
    });

    // Meanwhile some fail: before their transaction, and at its end, when they have taken their sequences.
    for (const content of rivals) {
      const key = { 'idempotency-key': content };
      const answers = await Promise.all([
        one.send('POST', `${path}/batch`, { messages: [HELLO, { ...HELLO, message_from: 'nobody' }] }),
        one.send('POST', path, { ...HELLO, content }, key),
        two.send('POST', path, { ...HELLO, content }, key),
      ]);
      for (const { status } of answers) outcomes.set(status, (outcomes.get(status) ?? 0) + 1);
    }
    await load.done();

    const messages = await allMessages(two.url, id);
    const contents = messages.map(({ content }) => content);
    expect(messages.map(({ sequence }) => sequence)).toEqual(
      Array.from({ length: 5000 }, (_, index) => index + 1),
    );
    expect((await two.send('GET', `/conversations/${id}`)).body.message_count).toBe(5000);
    expect(new Set(contents).size).toBe(5000);
    expect(contents.filter((content) => content.startsWith('rival-')).sort()).toEqual(rivals.sort());
    expect(load.unexpected).toEqual([]);
    expect(Object.fromEntries(outcomes)).toEqual({ 201: 100, 422: 50 });
    tell('50 x 100 appends', load.figures);
  });
});
