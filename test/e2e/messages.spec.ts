import { describe, expect, it } from '@jest/globals';
import { createTestApp } from '../support/create-test-app.js';
import { detailAt, expectProblem } from '../support/problems.js';
import {
  EXACT_JSON,
  MISSING_ID,
  nestedJson,
  NO_UUIDS,
  objectOfBytes,
  TIME,
  UUID_V7,
} from '../support/samples.js';

const KIB = 1024;
const MAX_INTEGER = 2 ** 31 - 1;
type Appended = Record<string, unknown> & { id: string };

const HELLO = { message_from: 'user', content: 'Hello' };
const AGENT = '8f9d2c1e-5b7a-4f0e-9c3d-2a1b6e4d7f80';

const { as } = await createTestApp();
const ada = as({ tenant: 'acme', sub: 'ada', name: 'Ada Lovelace', role: 'operator' });
const bob = as({ tenant: 'acme', sub: 'bob', name: 'Bob', role: 'auditor' });

async function newConversation(
  body: object = {},
  query = {},
): Promise<{ path: string; messages: string; id: string }> {
  const { body: created } = await ada.post('/conversations', body, { query });
  const path = `/conversations/${created.id}`;
  return { path, messages: `${path}/messages`, id: created.id };
}

const shared = await newConversation();

async function appended(body: unknown, messages = shared.messages): Promise<Appended> {
  const answer = await ada.post(messages, body);
  expect(answer.status).toBe(201);
  return answer.body as Appended;
}

describe('appending a message', () => {
  it('takes defaults from the conversation, and answers every field', async () => {
    const { id, messages } = await newConversation(
      { agent_id: AGENT, user_id: 'eve' },
      { tenant_unit_id: 'unit-1' },
    );

    const { status, headers, body } = await ada.post(messages, HELLO);

    expect(status).toBe(201);
    expect(headers.location).toBe(`/admin/api/v2${messages}/${body.id}`);
    expect(body).toEqual({
      id: expect.stringMatching(UUID_V7),
      conversation_id: id,
      sequence: 1,
      message_from: 'user',
      content: 'Hello',
      run_id: null,
      agent_id: AGENT,
      user_id: 'eve',
      requested_time: expect.stringMatching(TIME),
      input_tokens: 0,
      answer_tokens: 0,
      total_tokens: 0,
      feedback: null,
      metadata: {},
      parts: null,
      external_id: null,
      hidden: false,
      redacted_time: null,
      version: 1,
      tenant_id: 'acme',
      tenant_unit_id: 'unit-1',
      created_time: expect.stringMatching(TIME),
      updated_time: body.created_time,
      created_by: 'ada',
      created_by_name: 'Ada Lovelace',
      created_by_role: 'operator',
      updated_by: 'ada',
      updated_by_name: 'Ada Lovelace',
      updated_by_role: 'operator',
    });
    expect((await ada.get(`${messages}/${body.id}`)).body).toEqual(body);
  });

  it('keeps all that is said, and reads it back the same', async () => {
    const said = {
      message_from: 'tool',
      content: '',
      run_id: 'run:1',
      agent_id: 'another-agent',
      user_id: 'another-user',
      requested_time: '2026-01-31T08:00:00.123Z',
      input_tokens: 1,
      answer_tokens: 2,
      total_tokens: 4,
      feedback: 'good',
      metadata: { acts: ['INFORM'] },
    };

    const message = await appended(said);

    expect(message).toMatchObject(said);
    expect((await ada.get(`${shared.messages}/${message.id}`)).body).toEqual(message);
  });

  it('counts it, and is the last activity of the conversation', async () => {
    const { path, messages } = await newConversation();

    const message = (await bob.post(messages, HELLO)).body;

    const { body } = await ada.get(path);
    expect(body).toMatchObject({ message_count: 1, updated_time: message.created_time, updated_by: 'bob' });
  });

  it('adds up the tokens unless a total is given', async () => {
    const tokensOf = async (tokens: object) => {
      const message = await appended({ ...HELLO, ...tokens });
      return [message['input_tokens'], message['answer_tokens'], message['total_tokens']];
    };

    expect(await tokensOf({ input_tokens: 12, answer_tokens: 30 })).toEqual([12, 30, 42]);
    expect(await tokensOf({ answer_tokens: 30 })).toEqual([0, 30, 30]);
    expect(await tokensOf({ input_tokens: 12, answer_tokens: 30, total_tokens: 0 })).toEqual([12, 30, 0]);
    expect(
      await tokensOf({ input_tokens: MAX_INTEGER, answer_tokens: MAX_INTEGER, total_tokens: MAX_INTEGER }),
    ).toEqual([MAX_INTEGER, MAX_INTEGER, MAX_INTEGER]);
  });

  it.each<[string, unknown]>([
    ...['user', 'agent', 'system', 'tool'].map((sender): [string, unknown] => ['message_from', sender]),
    ['run_id', 'x'],
    ['run_id', `!~/${'x'.repeat(252)}`],
    ['agent_id', 'x'.repeat(64)],
    ['user_id', 'whatsapp:+15551234567'],
    ['user_id', 'x'.repeat(255)],
    ['requested_time', '1970-01-01T00:00:00.000Z'],
    ['requested_time', '9999-12-31T23:59:59.999Z'],
    ['input_tokens', MAX_INTEGER],
    ['answer_tokens', MAX_INTEGER],
    ['total_tokens', MAX_INTEGER],
    ['feedback', null],
    ['feedback', ''],
    ['feedback', '👍'.repeat(2000)],
    ['metadata', objectOfBytes(64 * KIB)],
  ])('accepts %s at its bound (%#)', async (property, value) => {
    const message = await appended({ ...HELLO, [property]: value });

    expect(message[property]).toEqual(value);
    expect((await ada.get(`${shared.messages}/${message.id}`)).body).toEqual(message);
  });

  it('reads a time in any zone and answers it in UTC', async () => {
    const timeOf = async (requested_time: string) =>
      (await appended({ ...HELLO, requested_time }))['requested_time'];

    expect(await timeOf('2026-01-31T09:30:00+01:30')).toBe('2026-01-31T08:00:00.000Z');
    expect(await timeOf('2026-01-31t08:00:00.5z')).toBe('2026-01-31T08:00:00.500Z');
    expect(await timeOf('2024-02-29T23:59:59-00:00')).toBe('2024-02-29T23:59:59.000Z');
  });

  it.each([
    ['message_from', [undefined, null, '', 'User', 'assistant', 1, {}, ['user']]],
    ['content', [undefined, null, 1, {}, ['x'], true, 'a\0b', '\ud800', '\udc00x']],
    ['run_id', ['', 'a b', 'é', 'x'.repeat(256), 1]],
    ['agent_id', ['', 'a@b', 'a b', 'é', 'x'.repeat(65), 1]],
    ['user_id', ['', 'a b', 'é', 'x'.repeat(256), 1]],
    [
      'requested_time',
      [
        '',
        'now',
        0,
        1769846400000,
        '2026-01-31',
        '2026-01-31T08:00:00',
        '2026-02-30T08:00:00Z',
        '1969-12-31T23:59:59Z',
      ],
    ],
    ['input_tokens', [-1, MAX_INTEGER + 1, 1.5, '1', true, {}]],
    ['answer_tokens', [-1, MAX_INTEGER + 1, 1.5, '1', true, {}]],
    ['total_tokens', [-1, MAX_INTEGER + 1, 1.5, '1', true, {}]],
    ['feedback', ['x'.repeat(2001), '👍'.repeat(2001), 1, {}, 'a\0b', '\ud800']],
    ['metadata', ['', 'x', 1, [], [{}], objectOfBytes(64 * KIB + 1)]],
  ])('refuses each wrong %s, in a message and in a batch, and says where it is', async (property, wrong) => {
    for (const value of wrong as unknown[]) {
      const message = { ...HELLO, [property]: value };
      expectProblem(await ada.post(shared.messages, message), 'validation_failed', `/${property}`);
      expectProblem(
        await ada.post(`${shared.messages}/batch`, { messages: [HELLO, message] }),
        'validation_failed',
        `/messages/1/${property}`,
      );
    }
  });

  it('refuses numbers that no double holds', async () => {
    for (const number of ['1e400', '12345678901234567890', '-1e-400'])
      expectProblem(
        await ada.post(shared.messages, `{"message_from":"user","content":"","input_tokens":${number}}`),
        'validation_failed',
        '/input_tokens',
      );
  });

  it('refuses a message without sender and content, whatever the body is', async () => {
    for (const body of [undefined, '', {}])
      expectProblem(await ada.post(shared.messages, body), 'validation_failed', '/message_from', '/content');
  });

  it.each(['sequence', 'id', 'conversation_id', 'tenant_id', 'redacted_time', 'version', 'Content'])(
    'refuses %s, which is not for the client to say',
    async (property) => {
      const refused = await ada.post(shared.messages, { ...HELLO, [property]: 1 });

      expectProblem(refused, 'validation_failed', `/${property}`);
      expect(detailAt(refused, `/${property}`)).toContain(property);
    },
  );

  it.each(EXACT_JSON)('keeps the exact JSON value of the metadata %s', async (json) => {
    const message = await ada.post(
      shared.messages,
      `{"message_from":"user","content":"","metadata":${json}}`,
    );

    expect(message.status).toBe(201);
    expect(message.text).toContain(`"metadata":${json}`);
    expect((await ada.get(`${shared.messages}/${message.body.id}`)).text).toBe(message.text);
    const recent = await ada.get(shared.messages, { query: { order: 'recent', page_size: 1 } });
    expect(recent.text).toContain(message.text);
    const patched = await ada.patch(`${shared.messages}/${message.body.id}`, `{"metadata":${json}}`);
    expect(patched.text).toContain(`"metadata":${json}`);
  });

  it('refuses metadata nested more than 100 deep', async () => {
    const body = `{"message_from":"user","content":"","metadata":${nestedJson(101)}}`;

    expectProblem(await ada.post(shared.messages, body), 'validation_failed', '/metadata');
  });
});

describe('appending a batch', () => {
  it('appends all messages in order behind the last one', async () => {
    const { path, messages } = await newConversation({ agent_id: AGENT });
    await appended(HELLO, messages);
    const batch = [
      { message_from: 'agent', content: 'Hi', input_tokens: 1, answer_tokens: 2 },
      { message_from: 'user', content: 'A table', user_id: 'eve', metadata: { n: 1 } },
      { message_from: 'system', content: '', feedback: 'odd' },
    ];

    const { status, headers, body } = await ada.post(`${messages}/batch`, { messages: batch });

    expect(status).toBe(201);
    expect(headers.location).toBeUndefined();
    expect(Object.keys(body)).toEqual(['data']);
    expect(body.data).toMatchObject(batch);
    expect(body.data.map((m: { sequence: number }) => m.sequence)).toEqual([2, 3, 4]);
    expect(body.data[0]).toMatchObject({ agent_id: AGENT, total_tokens: 3, user_id: 'ada' });
    expect((await ada.get(messages)).body.data.slice(1)).toEqual(body.data);
    for (const message of body.data)
      expect((await ada.get(`${messages}/${message.id}`)).body).toEqual(message);
    expect((await ada.get(path)).body.message_count).toBe(4);
  });

  it('takes 1 to 500 messages', async () => {
    const { messages } = await newConversation();
    const many = (count: number) =>
      Array.from({ length: count }, (_, n) => ({ message_from: 'user', content: `${n}` }));

    const largest = await ada.post(`${messages}/batch`, { messages: many(500) });

    expect(largest.status).toBe(201);
    expect(largest.body.data.map((m: { sequence: number }) => m.sequence)).toEqual(
      Array.from({ length: 500 }, (_, n) => n + 1),
    );
    expect((await ada.post(`${messages}/batch`, { messages: many(1) })).body.data[0].sequence).toBe(501);
    for (const wrong of [many(501), [], null, undefined, {}, 'x', HELLO])
      expectProblem(
        await ada.post(`${messages}/batch`, { messages: wrong }),
        'validation_failed',
        '/messages',
      );
    expect((await ada.get(messages, { query: { page_size: 1 } })).body.total_count).toBe(501);
  });

  it('appends none when one is wrong, and names every fault', async () => {
    const { path, messages } = await newConversation();
    const before = (await ada.get(path)).body;

    const refused = await ada.post(`${messages}/batch`, {
      messages: [HELLO, { ...HELLO, content: 1, 'a/b~c': 1 }, null, 'x', [], { message_from: 'x' }],
      order: 1,
    });

    expectProblem(
      refused,
      'validation_failed',
      '/order',
      '/messages/1/content',
      '/messages/1/a~1b~0c',
      '/messages/2',
      '/messages/3',
      '/messages/4',
      '/messages/5/content',
      '/messages/5/message_from',
    );
    expect((await ada.get(path)).body).toEqual(before);
    expect((await ada.get(messages)).body.data).toEqual([]);
  });
});

describe('changing a message', () => {
  it('sets feedback and replaces metadata, and nothing else', async () => {
    const before = await appended({ ...HELLO, metadata: { a: 1, b: 2 } });
    const path = `${shared.messages}/${before.id}`;
    const conversation = (await ada.get(shared.path)).body;

    const changed = await bob.patch(path, { feedback: 'good', metadata: { c: 3 } });

    expect(changed.status).toBe(200);
    expect(changed.body).toEqual({
      ...before,
      feedback: 'good',
      metadata: { c: 3 },
      version: 2,
      updated_time: expect.stringMatching(TIME),
      updated_by: 'bob',
      updated_by_name: 'Bob',
      updated_by_role: 'auditor',
    });
    expect((await ada.get(path)).body).toEqual(changed.body);
    expect((await ada.get(shared.path)).body).toEqual(conversation);
  });

  it('leaves what is absent as it is, and takes feedback back with null', async () => {
    const { id } = await appended({ ...HELLO, feedback: 'good', metadata: { a: 1 } });
    const patched = async (body: unknown) => {
      const answer = await ada.patch(`${shared.messages}/${id}`, body);
      expect(answer.status).toBe(200);
      return [answer.body.feedback, answer.body.metadata] as unknown[];
    };

    expect(await patched({ metadata: {} })).toEqual(['good', {}]);
    expect(await patched({ feedback: 'bad' })).toEqual(['bad', {}]);
    expect(await patched({})).toEqual(['bad', {}]);
    expect(await patched(undefined)).toEqual(['bad', {}]);
    expect(await patched({ feedback: null })).toEqual([null, {}]);
    expect(await patched({ feedback: '' })).toEqual(['', {}]);
    expect(await patched({ feedback: '👍'.repeat(2000) })).toEqual(['👍'.repeat(2000), {}]);
    expect(await patched({ metadata: objectOfBytes(64 * KIB) })).toEqual([
      '👍'.repeat(2000),
      objectOfBytes(64 * KIB),
    ]);
  });

  it.each([
    ['feedback', ['x'.repeat(2001), 1, {}, [], 'a\0', '\ud800']],
    ['metadata', ['', 1, [], objectOfBytes(64 * KIB + 1)]],
    ['content', ['x', null]],
    ['message_from', ['user']],
    ['sequence', [1]],
  ])('refuses each wrong %s and changes nothing', async (property, wrong) => {
    const before = await appended(HELLO);
    const path = `${shared.messages}/${before.id}`;

    for (const value of wrong as unknown[])
      expectProblem(
        await ada.patch(path, { feedback: 'x', [property]: value }),
        'validation_failed',
        `/${property}`,
      );
    expect((await ada.get(path)).body).toEqual(before);
  });
});

describe('a message that is not there', () => {
  it.each(['GET', 'PATCH'])('is 404 for %s, whatever its id looks like', async (method) => {
    const { id } = await appended(HELLO);
    const elsewhere = await appended(HELLO, (await newConversation()).messages);
    const body = method === 'PATCH' ? { feedback: 'x' } : undefined;
    const oneHexOff = id.replace(/.$/, (last: string) => (last === '0' ? '1' : '0'));
    const otherTime = `0${id.slice(1, 7)}${id[7] === '0' ? '1' : '0'}${id.slice(8)}`;

    for (const absent of [
      elsewhere.id,
      shared.id,
      MISSING_ID,
      id.replaceAll('-', ''),
      `${id}%20`,
      `${id}0`,
      oneHexOff,
      otherTime,
      'ffffffff-ffff-7fff-bfff-ffffffffffff',
      'x'.repeat(40) + 'f'.repeat(400),
      `${'f'.repeat(28)}1e5`,
      '%F0%9F%91%8D',
      ...NO_UUIDS,
    ]) {
      expectProblem(await ada.send(method, `${shared.messages}/${absent}`, body), 'message_not_found');
    }
    expect((await ada.get(`${shared.messages}/${id}`)).body.feedback).toBeNull();
  });
});
