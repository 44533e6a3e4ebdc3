import { describe, expect, it } from '@jest/globals';
import { createTestApp } from '../support/create-test-app.js';
import { detailAt, expectProblem } from '../support/problems.js';

const { as } = await createTestApp();
const ada = as({ tenant: 'acme', sub: 'ada', name: 'Ada' });
const bob = as({ tenant: 'acme', sub: 'bob', name: 'Bob' });
const PARTS =
  '[{"type":"tool_call","arguments":{"n":12345678901234567890,"a":null}},{"type":"text","text":"Hi"}]';
const AGENT = 'booking-bot';

async function source() {
  const { body: conversation } = await ada.post(
    '/conversations',
    {
      topic: 'A table',
      agent_id: AGENT,
      user_id: 'eve',
      assignment_id: 'desk',
      status: 'failed',
      inputs: { seats: 2 },
      extend_properties: { channel: 'web' },
      external_id: 'source',
      if_exists: 'return',
    },
    { query: { tenant_unit_id: 'unit-1' } },
  );
  const path = `/conversations/${conversation.id}`;
  if (conversation.message_count === 0) {
    await ada.post(`${path}/messages`, { message_from: 'user', content: 'A table for 2', external_id: 'm1' });
    await ada.post(
      `${path}/messages`,
      `{"message_from":"agent","parts":${PARTS},"hidden":true,"run_id":"r"}`,
    );
    await ada.post(`${path}/messages`, { message_from: 'user', content: 'Thanks', feedback: 'good' });
  }
  return { path, conversation: (await ada.get(path)).body };
}

const messagesOf = async (id: string) => (await ada.get(`/conversations/${id}/messages`)).body.data;

describe('a fork', () => {
  it('has copies of the messages, and all else of its source but the status', async () => {
    const { path, conversation } = await source();

    const { status, headers, body: fork } = await bob.post(`${path}/fork`);

    expect(status).toBe(201);
    expect(headers['location']).toBe(`/admin/api/v2/conversations/${fork.id}`);
    expect(fork).toEqual({
      ...conversation,
      id: expect.not.stringMatching(conversation.id),
      status: 'running',
      external_id: null,
      forked_from: { conversation_id: conversation.id, sequence: 3 },
      version: 1,
      created_time: expect.any(String),
      updated_time: fork.created_time,
      created_by: 'bob',
      created_by_name: 'Bob',
      updated_by: 'bob',
      updated_by_name: 'Bob',
    });
    const originals = await messagesOf(conversation.id);
    const copies = await messagesOf(fork.id);
    const withoutIds = (messages: object[]) =>
      messages.map((message) => ({ ...message, id: '', conversation_id: '', version: 0 }));
    expect(withoutIds(copies)).toEqual(withoutIds(originals));
    expect((await ada.get(`/conversations/${fork.id}/messages`)).text).toContain(`"parts":${PARTS}`);
    for (const [n, copy] of copies.entries()) {
      expect(copy.id).not.toBe(originals[n].id);
      expect(copy).toMatchObject({ conversation_id: fork.id, version: 1 });
      expect((await ada.get(`/conversations/${fork.id}/messages/${copy.id}`)).body).toEqual(copy);
    }
  });

  it('may end before the last message, and have a topic and a name of its own', async () => {
    const { path, conversation } = await source();

    const { body: fork } = await ada.post(`${path}/fork`, {
      up_to_sequence: 1,
      topic: 'Another try',
      external_id: 'try-2',
    });
    const empty = await ada.post(`${path}/fork`, { up_to_sequence: 0 });

    expect(fork).toMatchObject({ topic: 'Another try', external_id: 'try-2', message_count: 1 });
    expect(fork.forked_from).toEqual({ conversation_id: conversation.id, sequence: 1 });
    expect(empty.body).toMatchObject({ message_count: 0, forked_from: { sequence: 0 } });
    const again = await ada.post(`${path}/fork`, { external_id: 'try-2' });
    expectProblem(again, 'conversation_exists');
    expect(again.headers['location']).toBe(`/admin/api/v2/conversations/${fork.id}`);
    expect((await ada.get('/conversations', { query: { external_id: 'try-2' } })).body.total_count).toBe(1);
  });

  it('goes its own way', async () => {
    const { path, conversation } = await source();
    const { body: fork } = await ada.post(`${path}/fork`, { up_to_sequence: 2 });
    const [first] = await messagesOf(fork.id);

    const next = await ada.post(`/conversations/${fork.id}/messages`, {
      message_from: 'agent',
      content: 'New',
    });
    await ada.patch(`/conversations/${fork.id}/messages/${first.id}`, { feedback: 'bad' });
    const named = await ada.post(`/conversations/${fork.id}/messages`, {
      message_from: 'user',
      content: 'x',
      external_id: 'm1',
      if_exists: 'return',
    });

    expect(next.body.sequence).toBe(3);
    expect([named.status, named.body.id]).toEqual([200, first.id]);
    const [original] = await messagesOf(conversation.id);
    expect(original.feedback).toBeNull();
    await ada.delete(`/conversations/${fork.id}`);
    expect((await ada.get(path)).body.message_count).toBe(3);
  });

  it('is refused beyond the last message, and of more than can be copied', async () => {
    const { path } = await source();

    for (const wrong of [4, 1e9])
      expectProblem(
        await ada.post(`${path}/fork`, { up_to_sequence: wrong }),
        'validation_failed',
        '/up_to_sequence',
      );
    for (const wrong of [-1, 1.5, '1'])
      expectProblem(
        await ada.post(`${path}/fork`, { up_to_sequence: wrong }),
        'validation_failed',
        '/up_to_sequence',
      );
    expectProblem(await ada.post(`${path}/fork`, { status: 'paused' }), 'validation_failed', '/status');
    const { body: large } = await ada.post('/conversations');
    const half = { message_from: 'user', content: 'é'.repeat(512 * 1024) };
    for (let n = 0; n < 17; n++) await ada.post(`/conversations/${large.id}/messages`, half);
    const refused = await ada.post(`/conversations/${large.id}/fork`);
    expect(detailAt(refused, '/up_to_sequence')).toContain('bytes');
    expect((await ada.post(`/conversations/${large.id}/fork`, { up_to_sequence: 15 })).status).toBe(201);
  }, 60_000);

  it('copies 2,000 messages at most', async () => {
    const { body: long } = await ada.post('/conversations');
    const messages = Array.from({ length: 500 }, (_, n) => ({ message_from: 'user', content: `${n}` }));
    for (let n = 0; n < 4; n++) await ada.post(`/conversations/${long.id}/messages/batch`, { messages });

    const whole = await ada.post(`/conversations/${long.id}/fork`);
    await ada.post(`/conversations/${long.id}/messages`, messages[0]);
    const refused = await ada.post(`/conversations/${long.id}/fork`);

    expect(whole.body.message_count).toBe(2000);
    expectProblem(refused, 'validation_failed', '/up_to_sequence');
    const last = await ada.get(`/conversations/${whole.body.id}/messages`, {
      query: { order: 'recent', page_size: 1 },
    });
    expect(last.body).toMatchObject({ total_count: 2000, data: [{ sequence: 2000, content: '499' }] });
  }, 60_000);

  it('is made once by a key, and of no conversation of another tenant or unit', async () => {
    const { path } = await source();
    const headers = { 'idempotency-key': 'fork' };

    const first = await ada.post(`${path}/fork`, {}, { headers });
    const again = await ada.post(`${path}/fork`, {}, { headers });

    expect([again.status, again.body.id]).toEqual([201, first.body.id]);
    for (const stranger of [as({ tenant: 'bolt' }), as({ tenant: 'acme', unit: 'unit-2' })])
      expectProblem(await stranger.post(`${path}/fork`), 'conversation_not_found');
  });
});
