import { describe, expect, it } from '@jest/globals';
import { createTestApp } from '../support/create-test-app.js';
import { detailAt, expectProblem } from '../support/problems.js';
import {
  EXACT_JSON,
  MISSING_ID,
  nestedJson,
  NO_UUIDS,
  objectOfBytes,
  RUN_STATUSES,
  TIME,
  UUID_V7,
} from '../support/samples.js';

const KIB = 1024;

type Created = Record<string, unknown> & { id: string; updated_time: string };
const { as } = await createTestApp();
const ada = as({ tenant: 'acme', sub: 'ada', name: 'Ada Lovelace', role: 'operator' });
const bob = as({ tenant: 'acme', sub: 'bob', name: 'Bob', role: 'auditor' });

const createdBy = async (body: unknown, query = {}): Promise<Created> => {
  const created = await ada.post('/conversations', body, { query });
  expect(created.status).toBe(201);
  return created.body as Created;
};
const pathOf = ({ id }: { id: string }) => `/conversations/${id}`;
const EMOJI_255 = '👩'.repeat(255);

describe('creating a conversation', () => {
  it('takes defaults when nothing is said, and answers every field', async () => {
    const { status, body, headers } = await ada.post('/conversations');

    expect(status).toBe(201);
    expect(headers.location).toBe(`/admin/api/v2/conversations/${body.id}`);
    expect(headers['content-type']).toMatch(/^application\/json(; charset=utf-8)?$/);
    expect(body).toEqual({
      id: expect.stringMatching(UUID_V7),
      topic: 'New Conversation',
      status: 'running',
      agent_id: null,
      agent_mode: null,
      agent_type: null,
      assignment_id: null,
      user_id: 'ada',
      tenant_id: 'acme',
      tenant_unit_id: null,
      invoke_from: null,
      inputs: {},
      extend_properties: {},
      message_count: 0,
      external_id: null,
      forked_from: null,
      version: 1,
      created_time: expect.stringMatching(TIME),
      updated_time: body.created_time,
      created_by: 'ada',
      created_by_name: 'Ada Lovelace',
      created_by_role: 'operator',
      updated_by: 'ada',
      updated_by_name: 'Ada Lovelace',
      updated_by_role: 'operator',
    });
  });

  it.each([
    ['an empty object', {}, {}],
    ['an empty body of JSON', '', { 'content-type': 'application/json' }],
    [
      'null',
      {
        topic: null,
        status: null,
        agent_id: null,
        inputs: null,
        assignment_id: null,
        agent_mode: null,
        extend_properties: null,
      },
      {},
    ],
  ])('takes the same defaults for %s', async (_, body, headers) => {
    const { status, body: created } = await ada.post('/conversations', body, { headers });

    expect(status).toBe(201);
    expect(created).toMatchObject({
      topic: 'New Conversation',
      status: 'running',
      agent_id: null,
      inputs: {},
      assignment_id: null,
    });
  });

  it('keeps all that is said, and reads it back the same', async () => {
    const said = {
      topic: 'A table for two',
      status: 'queued',
      agent_id: '8f9d2c1e-5b7a-4f0e-9c3d-2a1b6e4d7f80',
      inputs: { city: 'San Jose', seats: 2 },
      assignment_id: 'desk:1',
      user_id: 'eve',
      agent_mode: 'chat',
      agent_type: 'assistant',
      invoke_from: 'web',
      extend_properties: { channel: ['website'] },
    };

    const created = await createdBy(said, { tenant_unit_id: 'unit-1' });

    expect(created).toMatchObject({ ...said, tenant_unit_id: 'unit-1', created_by: 'ada' });
    const read = await ada.get(pathOf(created));
    expect(read.status).toBe(200);
    expect(read.body).toEqual(created);
  });

  it.each<[string, unknown]>([
    ['topic', 'x'],
    ['topic', 'x'.repeat(255)],
    ['topic', EMOJI_255],
    ['topic', ' '],
    ...RUN_STATUSES.map((status): [string, unknown] => ['status', status]),
    ['agent_id', 'x'.repeat(64)],
    ['agent_id', 'support-bot'],
    ['inputs', objectOfBytes(64 * KIB)],
    ['extend_properties', objectOfBytes(64 * KIB)],
    ['inputs', { texts: 'é'.repeat(32 * KIB - 6) }],
    ['assignment_id', 'x'],
    ['assignment_id', `!~/${'x'.repeat(252)}`],
    ['user_id', 'auth0|507f1f77bcf86cd799439011'],
    ['user_id', 'ada.lovelace+work@example.org'],
    ['user_id', 'x'.repeat(255)],
    ['user_id', null],
    ['agent_mode', ''],
    ['agent_mode', '值'.repeat(64)],
    ['agent_type', '👩'.repeat(64)],
    ['invoke_from', 'x'.repeat(64)],
  ])('accepts %s at its bound (%#)', async (property, value) => {
    const created = await createdBy({ [property]: value });

    expect(created[property]).toEqual(value);
    expect((await ada.get(pathOf(created))).body[property]).toEqual(value);
  });

  it.each([
    ['topic', ['', 'x'.repeat(256), '👩'.repeat(256), 1, true, {}, ['x'], 'a\0b', '\ud800', 'x\udc00']],
    ['status', ['', 'done', 'RUNNING', 'running ', 1, {}, ['running'], 'toString']],
    [
      'agent_id',
      [
        '',
        1,
        {},
        '{8f9d2c1e-5b7a-4f0e-9c3d-2a1b6e4d7f80}',
        '8f9d2c1e-5b7a-4f0e-9c3d-2a1b6e4d7f80\n',
        'a@b',
        'x'.repeat(65),
      ],
    ],
    ['inputs', ['', 'x', 1, true, [], [{}], objectOfBytes(64 * KIB + 1)]],
    ['extend_properties', ['', 'x', 1, true, [], objectOfBytes(64 * KIB + 1)]],
    ['assignment_id', ['', 'a b', 'é', 'a\n', '\x7f', 'x'.repeat(256), 1, {}, ['x']]],
    ['user_id', ['', 'a b', 'é', 'x'.repeat(256), 1, {}]],
    ['agent_mode', ['x'.repeat(65), 1, {}, [], 'a\0b', '\udc00']],
    ['agent_type', ['👩'.repeat(65), 1, {}, []]],
    ['invoke_from', ['x'.repeat(65), 1, {}, []]],
  ])('refuses each wrong %s and says where it is', async (property, wrongValues) => {
    for (const value of wrongValues as unknown[])
      expectProblem(
        await ada.post('/conversations', { [property]: value }),
        'validation_failed',
        `/${property}`,
      );
  });

  it.each(EXACT_JSON)('keeps the exact JSON value of %s', async (json) => {
    const created = await ada.post('/conversations', `{"inputs":${json},"extend_properties":${json}}`);

    expect(created.status).toBe(201);
    expect(created.text).toContain(`"inputs":${json},"extend_properties":${json}`);
    const read = await ada.get(pathOf(created.body));
    expect(read.text).toBe(created.text);
    const listed = await ada.get('/conversations', { query: { page_size: 1 } });
    expect(listed.text).toContain(created.text);
  });

  it('measures a JSON value as it is written, without the white space around it', async () => {
    const exactly = JSON.stringify(objectOfBytes(64 * KIB));

    const { status } = await ada.post('/conversations', `{ "inputs" : ${exactly.replace('{', '{ \n ')} }`);

    expect(status).toBe(201);
  });

  it.each<Record<string, string>>([{}, { 'idempotency-key': 'deep' }])(
    'refuses JSON values nested more than 100 deep',
    async (headers) => {
      const body = `{"inputs":${nestedJson(101)},"extend_properties":{"a":${'['.repeat(101)}${']'.repeat(101)}}}`;

      expectProblem(
        await ada.post('/conversations', body, { headers }),
        'validation_failed',
        '/inputs',
        '/extend_properties',
      );
    },
  );

  it('takes the assignment from the query, the body or both if they agree', async () => {
    const assigned = async (query: object, body: object) => (await createdBy(body, query))['assignment_id'];

    expect(await assigned({ assignment_id: 'a' }, {})).toBe('a');
    expect(await assigned({}, { assignment_id: 'a' })).toBe('a');
    expect(await assigned({ assignment_id: 'a' }, { assignment_id: 'a' })).toBe('a');
    expect(await assigned({ assignment_id: 'a' }, { assignment_id: null })).toBe('a');
    expect(await assigned({ assignment_id: '' }, { assignment_id: 'a' })).toBe('a');
    const differing = await ada.post(
      '/conversations',
      { assignment_id: 'a' },
      { query: { assignment_id: 'A' } },
    );
    expectProblem(differing, 'validation_failed', '/assignment_id', 'assignment_id');
  });

  it('takes the user behind the credential unless another is named', async () => {
    expect((await createdBy({}))['user_id']).toBe('ada');
    expect((await createdBy({ user_id: 'Ada' }))['user_id']).toBe('Ada');
  });
});

describe('changing the topic', () => {
  it('answers the conversation with the topic, the time and the author of the change', async () => {
    const before = await createdBy({ topic: 'Before', inputs: { a: 1 } });

    const changed = await bob.patch(pathOf(before), { topic: 'After' });

    expect(changed.status).toBe(200);
    expect(changed.body).toEqual({
      ...before,
      topic: 'After',
      version: 2,
      updated_time: expect.stringMatching(TIME),
      updated_by: 'bob',
      updated_by_name: 'Bob',
      updated_by_role: 'auditor',
    });
    expect(changed.body.updated_time >= before.updated_time).toBe(true);
    expect((await ada.get(pathOf(before))).body).toEqual(changed.body);
  });

  it('changes nothing at all when it is the same topic', async () => {
    const before = await createdBy({ topic: 'Same' });
    await passAMillisecond(before.updated_time);

    const changed = await bob.patch(pathOf(before), { topic: 'Same' });

    expect(changed.status).toBe(200);
    expect(changed.body).toEqual(before);
    expect((await ada.get(pathOf(before))).body).toEqual(before);
  });

  it.each([
    ['letter case', 'Topic', 'topic'],
    ['a trailing space', 'Topic', 'Topic '],
    ['an accent', 'Resume', 'Resumé'],
    ['the form of an accent', 'caf\u00e9', 'cafe\u0301'],
    ['an emoji', '👍', '👎'],
    ['a variation selector', '❤', '❤\ufe0f'],
    ['sharp s', 'Strasse', 'Straße'],
  ])('tells topics apart that differ in %s', async (_, one, other) => {
    const conversation = await createdBy({ topic: one });

    const changed = await bob.patch(pathOf(conversation), { topic: other });

    expect(changed.body).toMatchObject({ topic: other, updated_by: 'bob' });
    expect((await ada.get(pathOf(conversation))).body.topic).toBe(other);
  });

  it('accepts 1 to 255 characters and refuses all else', async () => {
    const conversation = await createdBy({});

    for (const topic of ['x', EMOJI_255, '0', 'null'])
      expect((await ada.patch(pathOf(conversation), { topic })).body.topic).toBe(topic);
    for (const topic of [null, '', 'x'.repeat(256), '👩'.repeat(256), 1, {}, [], false, 'a\0'])
      expectProblem(await ada.patch(pathOf(conversation), { topic }), 'validation_failed', '/topic');
    for (const body of [undefined, '', {}]) {
      const refused = await ada.patch(pathOf(conversation), body);
      expectProblem(refused, 'validation_failed', '/topic');
      expect(detailAt(refused, '/topic')).toMatch(/^is needed where there are no extend_properties/);
    }
    expect((await ada.get(pathOf(conversation))).body.topic).toBe('null');
  });

  it.each(['status', 'inputs', 'user_id', 'id', 'tenant_id', 'message_count', 'Topic'])(
    'refuses %s beside it and changes nothing',
    async (property) => {
      const conversation = await createdBy({ topic: 'Before' });

      const refused = await ada.patch(pathOf(conversation), { topic: 'After', [property]: 'running' });

      expectProblem(refused, 'validation_failed', `/${property}`);
      expect(detailAt(refused, `/${property}`)).toContain(property);
      expect((await ada.get(pathOf(conversation))).body).toEqual(conversation);
    },
  );
});

describe('changing the status', () => {
  it('lets any status follow any other', async () => {
    const conversation = await createdBy({ status: 'queued' });
    let last = 'queued';

    for (const from of RUN_STATUSES) {
      for (const to of RUN_STATUSES) {
        for (const status of [from, to]) {
          if (status === last) continue;
          const { status: code, body } = await ada.patch(`${pathOf(conversation)}/status`, { status });
          expect([code, body.status]).toEqual([200, status]);
          last = status;
        }
      }
    }
    expect((await ada.get(pathOf(conversation))).body.status).toBe(last);
  });

  it('notes who changed it and when', async () => {
    const before = await createdBy({});

    const { status, body } = await bob.patch(`${pathOf(before)}/status`, { status: 'completed' });

    expect(status).toBe(200);
    expect(body).toEqual({
      ...before,
      status: 'completed',
      version: 2,
      updated_time: expect.stringMatching(TIME),
      updated_by: 'bob',
      updated_by_name: 'Bob',
      updated_by_role: 'auditor',
    });
    expect((await ada.get(pathOf(before))).body).toEqual(body);
  });

  it.each([
    ['the status it has', { status: 'paused' }],
    ['null', { status: null }],
    ['nothing', {}],
    ['no body', undefined],
    ['an empty body', ''],
  ])('changes nothing, the time included, for %s', async (_, body) => {
    const before = await createdBy({ status: 'paused' });
    await passAMillisecond(before.updated_time);

    const changed = await bob.patch(`${pathOf(before)}/status`, body);

    expect(changed.status).toBe(200);
    expect(changed.body).toEqual(before);
    expect((await ada.get(pathOf(before))).body).toEqual(before);
  });

  it('refuses what is no status and lists those there are', async () => {
    const conversation = await createdBy({});

    for (const status of ['', 'done', 'Running', 'running\n', 0, false, {}, ['running'], '__proto__']) {
      const refused = await ada.patch(`${pathOf(conversation)}/status`, { status });
      expectProblem(refused, 'validation_failed', '/status');
      for (const known of RUN_STATUSES) expect(detailAt(refused, '/status')).toContain(known);
    }
    const unknown = await ada.patch(`${pathOf(conversation)}/status`, { topic: 'x' });
    expectProblem(unknown, 'validation_failed', '/topic');
    expect((await ada.get(pathOf(conversation))).body).toEqual(conversation);
  });
});

describe('deleting a conversation', () => {
  it('answers 204 without a body, and then it and its messages are gone', async () => {
    const conversation = await createdBy({ assignment_id: 'to-delete' });
    const other = await createdBy({ assignment_id: 'to-delete' });
    const messages = `${pathOf(conversation)}/messages`;
    const one = { message_from: 'user', content: 'Hello' };
    const message = await ada.post(messages, one);
    await ada.post(`${pathOf(other)}/messages`, one);
    const kept = (await ada.get(pathOf(other))).body;
    const { total_count: before } = (await ada.get('/conversations')).body;

    const deleted = await ada.delete(pathOf(conversation));

    expect([deleted.status, deleted.text]).toEqual([204, '']);
    expect(deleted.headers['content-type']).toBeUndefined();
    for (const answer of [
      await ada.get(pathOf(conversation)),
      await ada.patch(pathOf(conversation), { topic: 'x' }),
      await ada.patch(`${pathOf(conversation)}/status`, { status: 'failed' }),
      await ada.patch(`${pathOf(conversation)}/status`),
      await ada.delete(pathOf(conversation)),
      await ada.get(messages),
      await ada.get(messages, { query: { after_sequence: 1 } }),
      await ada.post(messages, one),
      await ada.post(`${messages}/batch`, { messages: [one] }),
      await ada.get(`${messages}/${message.body.id}`),
      await ada.patch(`${messages}/${message.body.id}`, { feedback: 'x' }),
    ]) {
      expectProblem(answer, 'conversation_not_found');
    }
    const listed = await ada.get('/conversations', { query: { assignment_id: 'to-delete' } });
    expect(listed.body.data).toEqual([kept]);
    expect(listed.body.total_count).toBe(1);
    const all = await ada.get('/conversations', { query: { page_size: 200 } });
    expect(all.body.total_count).toBe(before - 1);
    const ids = all.body.data.map(({ id }: Created) => id);
    expect(ids).toContain(other.id);
    expect(ids).not.toContain(conversation.id);
    expect((await ada.get(`${pathOf(other)}/messages`)).body.total_count).toBe(1);
  });
});

describe('a conversation that is not there', () => {
  const operations: [string, string, unknown][] = [
    ['GET', '', undefined],
    ['PATCH', '', { topic: 'x' }],
    ['DELETE', '', undefined],
    ['PATCH', '/status', { status: 'failed' }],
    ['PATCH', '/status', undefined],
    ['GET', '/messages', undefined],
    ['POST', '/messages', { message_from: 'user', content: 'x' }],
    ['POST', '/messages/batch', { messages: [{ message_from: 'user', content: 'x' }] }],
    ['GET', `/messages/${MISSING_ID}`, undefined],
    ['PATCH', `/messages/${MISSING_ID}`, { feedback: 'x' }],
  ];

  it.each(operations)('is 404 for %s …%s, whatever its id looks like', async (method, rest, body) => {
    const { id } = await createdBy({});
    for (const absent of [MISSING_ID, id.replaceAll('-', ''), `{${id}}`, ...NO_UUIDS]) {
      expectProblem(
        await ada.send(method, `/conversations/${absent}${rest}`, body),
        'conversation_not_found',
      );
    }
    expect((await ada.get(`/conversations/${id}`)).body.updated_by).toBe('ada');
  });

  it.each(operations)("is answered to %s …%s as another tenant's is", async (method, rest, body) => {
    const foreign = (await as({ tenant: 'other' }).post('/conversations')).body.id as string;
    const ofUnit = (await ada.post('/conversations', {}, { query: { tenant_unit_id: 'u1' } })).body
      .id as string;
    const headers = { 'x-request-id': 'the-same' };
    const unit = as({ tenant: 'acme', unit: 'u2' });
    const answers = await Promise.all(
      [MISSING_ID, foreign, ofUnit].map(async (id) => {
        const answer = await unit.send(method, `/conversations/${id}${rest}`, body, { headers });
        return {
          ...answer,
          text: answer.text.replace(`/conversations/${id}`, '/conversations/ID'),
          body: undefined,
        };
      }),
    );

    expect(answers[0]).toMatchObject({
      status: 404,
      text: expect.stringContaining('conversation_not_found'),
    });
    const withoutDate = answers.map((answer) => ({ ...answer, headers: { ...answer.headers, date: '' } }));
    expect(withoutDate[1]).toEqual(withoutDate[0]);
    expect(withoutDate[2]).toEqual(withoutDate[0]);
  });
});

/** So that a change would show in `updated_time`. */
async function passAMillisecond(since: string): Promise<void> {
  while (Date.now() <= Date.parse(since)) await new Promise(setImmediate);
}
