import { describe, expect, it } from '@jest/globals';
import { createTestApp } from '../support/create-test-app.js';
import { detailAt, expectProblem } from '../support/problems.js';
import { HALVES } from '../support/samples.js';

const { as, logs } = await createTestApp();
const ada = as({ tenant: 'acme' });
const HELLO = { message_from: 'user', content: 'Hello' };
const AGENT = '8f9d2c1e-5b7a-4f0e-9c3d-2a1b6e4d7f80';
const MAX_TOKENS = 2 ** 31 - 1;

const { body: conversation } = await ada.post('/conversations');
const path = `/conversations/${conversation.id}`;
const { body: message } = await ada.post(`${path}/messages`, HELLO);

describe('an id', () => {
  it('is found in upper case too', async () => {
    const upper = `/conversations/${conversation.id.toUpperCase()}`;

    expect((await ada.get(upper)).body).toMatchObject({ id: conversation.id });
    expect((await ada.get(`${upper}/messages/${message.id.toUpperCase()}`)).body).toEqual(message);
    expect((await ada.patch(`${upper}/status`, {})).status).toBe(200);
  });

  it('of an agent is stored and compared in lower case where it is a UUID', async () => {
    const { body } = await ada.post('/conversations', { agent_id: AGENT.toUpperCase() });
    await ada.post('/conversations', { agent_id: 'Support-Bot' });

    expect(body.agent_id).toBe(AGENT);
    const said = await ada.post(`${path}/messages`, { ...HELLO, agent_id: AGENT.toUpperCase() });
    expect(said.body.agent_id).toBe(AGENT);
    const countOf = async (agent_id: string) =>
      (await ada.get('/conversations', { query: { agent_id } })).body.total_count;
    expect(await countOf(AGENT.toUpperCase())).toBe(1);
    expect(await countOf('Support-Bot')).toBe(1);
    expect(await countOf('support-bot')).toBe(0);
  });

  it('of a user may be of any identity provider, and filters byte for byte', async () => {
    for (const user_id of ['auth0|507F', 'ada@example.org', 'whatsapp:+15551', '~!"%&\'"'])
      expect((await ada.post('/conversations', { user_id })).body.user_id).toBe(user_id);

    const found = await ada.get('/conversations', { query: { user_id: 'whatsapp:+15551' } });
    expect(found.body.total_count).toBe(1);
    expect((await ada.get('/conversations', { query: { user_id: 'auth0|507f' } })).body.total_count).toBe(0);
  });
});

describe('null', () => {
  it('is the same as absence', async () => {
    const nulls = ['run_id', 'agent_id', 'user_id', 'requested_time', 'input_tokens', 'answer_tokens'];
    const others = ['total_tokens', 'feedback', 'metadata'];
    const none = Object.fromEntries([...nulls, ...others].map((name) => [name, null]));

    const said = await ada.post(`${path}/messages`, { ...HELLO, ...none });

    expect(said.status).toBe(201);
    const members = { run_id: null, user_id: 'ada', input_tokens: 0, total_tokens: 0, metadata: {} };
    expect(said.body).toMatchObject(members);
    const kept = await ada.patch(`${path}/messages/${said.body.id}`, { feedback: 'good', metadata: null });
    expect(kept.body).toMatchObject({ feedback: 'good', metadata: {} });
    expect((await ada.patch(`${path}/status`, { status: null, expected_status: null })).status).toBe(200);
  });

  it('means nobody as the user of a conversation, and takes feedback back', async () => {
    expect((await ada.post('/conversations', { user_id: null })).body.user_id).toBeNull();
    await ada.patch(`${path}/messages/${message.id}`, { feedback: 'good' });

    const { body } = await ada.patch(`${path}/messages/${message.id}`, { feedback: null });

    expect(body.feedback).toBeNull();
  });

  it('is no value of what is required', async () => {
    expectProblem(
      await ada.post(`${path}/messages`, { message_from: null, content: null }),
      'validation_failed',
      '/message_from',
      '/content',
    );
    expectProblem(await ada.patch(path, { topic: null }), 'validation_failed', '/topic');
  });
});

describe('a fault', () => {
  it.each([
    ['role', 'message_from', { ...HELLO, role: 'user' }],
    ['messageFrom', 'message_from', { ...HELLO, messageFrom: 'user' }],
    ['metdata', 'metadata', { ...HELLO, metdata: {} }],
    ['message_from', 'agent', { ...HELLO, message_from: 'assistant' }],
    ['message_from', 'user', { ...HELLO, message_from: 'User' }],
  ])('of %s says that %s is meant', async (place, meant, body) => {
    const refused = await ada.post(`${path}/messages`, body);

    expectProblem(refused, 'validation_failed', `/${place}`);
    expect(detailAt(refused, `/${place}`)).toContain(`did you mean ${meant}?`);
  });

  it.each([
    ['/conversations', 'page', '1', 'did you mean page_num?'],
    ['/conversations', 'tenant', 'acme', 'did you mean tenant_id?'],
    [`${path}/messages`, 'page_num', '1', 'did you mean page?'],
    ['/conversations', 'statuses[]', 'failed', 'did you mean statuses?'],
    ['/conversations', 'status', 'complete', 'did you mean completed?'],
    ['/conversations', 'statuses', 'failed,complete', 'did you mean completed?'],
    ['/conversations', 'created_after', '2026-01-31T08:00:00 01:00', '%2B'],
    ['/conversations', 'created_before', '1969-12-31T23:59:59Z', 'from 1970-01-01 to 9999-12-31'],
    ['/conversations', 'page_size', ['1', '2'], 'more than once'],
    ['/conversations', 'tenant_id', ['acme', 'acme'], 'more than once'],
  ])('of the query of %s in %s=%s says so', async (list, parameter, value, said) => {
    const refused = await ada.get(list, { query: { [parameter]: value } });

    expectProblem(refused, 'validation_failed', parameter);
    expect(detailAt(refused, parameter)).toContain(said);
  });

  it('guesses nothing where no name is near', async () => {
    const refused = await ada.post('/conversations', { constructor: 1, xyz: 1 });

    for (const place of ['/constructor', '/xyz'])
      expect(detailAt(refused, place)).toBe(`unknown: ${place.slice(1)}`);
  });

  it('repeats little of what was sent', async () => {
    const long = '~/👩'.repeat(1000);

    for (const refused of [
      await ada.post('/conversations', { [long]: 1 }),
      await ada.post(`${path}/messages/batch`, { messages: [{ ...HELLO, [long]: 1 }] }),
      await ada.get('/conversations', { query: { [long]: '1' } }),
      await ada.get('/conversations', { query: { cursor: 'x'.repeat(1000) } }),
      await ada.post('/conversations', { status: 'x'.repeat(1000), topic: 'x'.repeat(1000) }),
    ]) {
      expect(refused.status).toBe(422);
      for (const { detail, pointer, parameter } of refused.body.errors)
        for (const text of [detail, pointer ?? parameter]) expect(text.length).toBeLessThanOrEqual(220);
      expect(refused.text).not.toContain('x'.repeat(201));
    }
    const lost = await ada.get(`/conversations/${'x'.repeat(1000)}`);
    expect(lost.status).toBe(404);
    expect(lost.text).not.toContain('x'.repeat(201));
  });
});

describe('half of a surrogate pair', () => {
  it.each(HALVES)('is refused in %s, wherever it stands', async (json) => {
    for (const property of ['inputs', 'extend_properties'])
      expectProblem(
        await ada.post('/conversations', `{"${property}":${json}}`),
        'validation_failed',
        `/${property}`,
      );
    const said = `{"message_from":"user","content":"x","metadata":${json}}`;
    expectProblem(await ada.post(`${path}/messages`, said), 'validation_failed', '/metadata');
  });
});

describe('the tokens of a message', () => {
  it('may not be more in all than each of them may be', async () => {
    const tokens = { input_tokens: MAX_TOKENS, answer_tokens: 1 };

    const refused = await ada.post(`${path}/messages`, { ...HELLO, ...tokens });

    expectProblem(refused, 'validation_failed', '/total_tokens');
    const said = await ada.post(`${path}/messages`, { ...HELLO, ...tokens, total_tokens: 1 });
    expect(said.body.total_tokens).toBe(1);
  });
});

describe('the first page', () => {
  it('may be named where a list goes on from a known place', async () => {
    await ada.post('/conversations');
    const { body } = await ada.get('/conversations', { query: { page_size: 1 } });

    const next = await ada.get('/conversations', {
      query: { page_size: 1, page_num: 1, cursor: body.next_cursor },
    });
    const after = await ada.get(`${path}/messages`, { query: { page: 1, after_sequence: 1 } });

    expect(next.body).toMatchObject({ page_num: null, data: [{}] });
    expect(next.body.data[0].id).not.toBe(body.data[0].id);
    expect(after.body.page_num).toBeNull();
  });
});

describe('the trace that a client names', () => {
  const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
  const traceOf = async (traceparent: string, id: string) => {
    await ada.get('/conversations', { headers: { traceparent, 'x-request-id': id } });
    return logs.find(({ request_id }) => request_id === id)?.['trace_id'];
  };

  it('is in the line of its request, also where no spans are exported', async () => {
    expect(await traceOf(`00-${TRACE_ID}-b7ad6b7169203331-01`, 'kept')).toBe(TRACE_ID);
    expect(await traceOf(`00-${TRACE_ID}-b7ad6b7169203331-00`, 'not-kept')).toBe(TRACE_ID);
  });

  it.each([`00-${'0'.repeat(32)}-b7ad6b7169203331-01`, `ff-${TRACE_ID}-b7ad6b7169203331-01`, TRACE_ID])(
    'is left out where it is none: %s',
    async (traceparent) => {
      expect(await traceOf(traceparent, traceparent)).toBeUndefined();
    },
  );
});
