import { describe, expect, it } from '@jest/globals';
import { newId } from '../../src/common/ids.js';
import { createTestApp } from '../support/create-test-app.js';

const first = await createTestApp();
const second = await createTestApp({ databaseUrl: first.databaseUrl });
const identity = { tenant: 'acme', sub: 'ada' };
const ada = first.as(identity);
const adaElsewhere = second.as(identity);

const withKey = (key: string = newId()) => ({ headers: { 'idempotency-key': key } });
const total = async () => (await ada.get('/conversations')).body.total_count as number;

describe('a POST with an Idempotency-Key', () => {
  it('is carried out once and answered the same again, on every replica', async () => {
    const before = await total();
    const options = withKey();
    const original = await ada.post('/conversations', { topic: 'Once' }, options);

    const repeated = await adaElsewhere.post('/conversations', { topic: 'Once' }, options);

    expect(original.status).toBe(201);
    expect(original.headers['idempotency-replayed']).toBeUndefined();
    expect(repeated.status).toBe(201);
    expect(repeated.text).toBe(original.text);
    expect(repeated.headers['idempotency-replayed']).toBe('true');
    expect(repeated.headers.location).toBe(original.headers.location);
    expect(repeated.headers.etag).toBe(original.headers.etag);
    expect(repeated.headers['content-type']).toBe(original.headers['content-type']);
    expect(await total()).toBe(before + 1);
  });

  it('takes the key quoted or bare', async () => {
    const key = newId();
    const bare = await ada.post('/conversations', {}, withKey(key));
    const quoted = await ada.post('/conversations', {}, withKey(`"${key}"`));
    expect(quoted.text).toBe(bare.text);
  });

  it.each(['', ' ', 'a b', '""', `"${'k'.repeat(256)}"`, 'k'.repeat(256), '"open', 'ümlaut'])(
    'refuses the key %j',
    async (key) => {
      const { status, body } = await ada.post('/conversations', {}, withKey(key));
      expect(status).toBe(422);
      expect(body.errors).toEqual([expect.objectContaining({ parameter: 'Idempotency-Key' })]);
    },
  );

  it('names a wrong key among all faults of the request', async () => {
    const { status, body } = await ada.post('/conversations?foo=x', { topic: 7 }, withKey('a b'));
    expect(status).toBe(422);
    expect(body.errors).toEqual([
      expect.objectContaining({ parameter: 'Idempotency-Key' }),
      expect.objectContaining({ parameter: 'foo' }),
      expect.objectContaining({ pointer: '/topic' }),
    ]);
  });

  it('takes a key of 255 characters', async () => {
    expect((await ada.post('/conversations', {}, withKey('k'.repeat(255)))).status).toBe(201);
  });

  it.each([
    ['another body', '/conversations', { topic: 'Other' }],
    ['another query', '/conversations?assignment_id=a', { topic: 'One' }],
    ['another unit', '/conversations?tenant_unit_id=north', { topic: 'One' }],
  ])('is refused with %s', async (_, path, body) => {
    const options = withKey();
    await ada.post('/conversations', { topic: 'One' }, options);

    const reused = await ada.post(path, body, options);

    expect(reused.status).toBe(422);
    expect(reused.body.code).toBe('idempotency_key_reused');
  });

  it('is another request with the same key of another credential or tenant', async () => {
    const options = withKey();
    const mine = await ada.post('/conversations', {}, options);
    const ofBob = await first.as({ ...identity, sub: 'bob' }).post('/conversations', {}, options);
    const ofOther = await first.as({ ...identity, tenant: 'other' }).post('/conversations', {}, options);
    expect(new Set([mine, ofBob, ofOther].map(({ body }) => body.id)).size).toBe(3);
  });

  it('keeps nothing of a request that failed: it is carried out anew', async () => {
    const options = withKey();
    const path = `/conversations/${newId()}/messages`;
    const missing = await ada.post(path, { message_from: 'user', content: 'x' }, options);
    const again = await ada.post(path, { message_from: 'user', content: 'x' }, options);
    expect([missing.status, again.status]).toEqual([404, 404]);
    expect(again.headers['idempotency-replayed']).toBeUndefined();
    expect((await ada.post('/conversations', { topic: 7 }, options)).status).toBe(422);
    expect((await ada.post('/conversations', {}, options)).status).toBe(201);
  });

  it('answers with what is there by now', async () => {
    const create = withKey();
    const append = withKey();
    const { body: conversation } = await ada.post('/conversations', { topic: 'Then' }, create);
    const path = `/conversations/${conversation.id}`;
    const hello = { message_from: 'user', content: 'Hello' };
    const { body: message } = await ada.post(`${path}/messages`, hello, append);
    await ada.patch(path, { topic: 'Now' });
    await ada.patch(`${path}/messages/${message.id}`, { feedback: 'good' });

    const created = await adaElsewhere.post('/conversations', { topic: 'Then' }, create);
    const appended = await adaElsewhere.post(`${path}/messages`, hello, append);

    const now = await ada.get(path);
    expect(created.body).toEqual(now.body);
    expect([created.status, created.headers.etag]).toEqual([201, now.headers.etag]);
    expect(appended.body).toMatchObject({ id: message.id, feedback: 'good' });
    await ada.delete(path);
    const gone = [
      await ada.post('/conversations', { topic: 'Then' }, create),
      await ada.post(`${path}/messages`, hello, append),
    ];
    expect(gone.map(({ status, body }) => [status, body.code])).toEqual([
      [404, 'conversation_not_found'],
      [404, 'conversation_not_found'],
    ]);
  });

  it('does not keep a refusal', async () => {
    const options = withKey();
    const reader = first.as({ ...identity, scopes: ['conversations:read'] });
    expect((await reader.post('/conversations', {}, options)).status).toBe(403);
    expect((await ada.post('/conversations', {}, options)).status).toBe(201);
  });

  it('gives one row and one answer when it is sent many times at once through two replicas', async () => {
    const { body: conversation } = await ada.post('/conversations');
    const path = `/conversations/${conversation.id}/messages/batch`;
    const body = { messages: [1, 2, 3].map((n) => ({ message_from: 'user', content: `message ${n}` })) };
    const options = withKey();

    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => (index % 2 ? ada : adaElsewhere).post(path, body, options)),
    );

    const answered = answers.filter(({ status }) => status === 201);
    const refused = answers.filter(({ status }) => status !== 201);
    expect(answered.length).toBeGreaterThan(0);
    expect(new Set(answered.map(({ text }) => text)).size).toBe(1);
    expect(new Set(refused.map(({ body: problem }) => problem.code))).toEqual(
      new Set(refused.length > 0 ? ['idempotency_in_progress'] : []),
    );
    expect((await ada.post(path, body, options)).text).toBe(answered[0]?.text);
    expect((await ada.get(`/conversations/${conversation.id}`)).body.message_count).toBe(3);
  });
});

describe('a PATCH with an Idempotency-Key', () => {
  const created = async () => {
    const { body, headers } = await ada.post('/conversations');
    return { path: `/conversations/${body.id}`, etag: headers.etag ?? '' };
  };

  it('is 200 when a conditional change is repeated', async () => {
    const { path, etag } = await created();
    const options = { headers: { ...withKey().headers, 'if-match': etag } };

    const first = await ada.patch(path, { topic: 'Changed' }, options);
    const repeated = await adaElsewhere.patch(path, { topic: 'Changed' }, options);
    const otherwise = await ada.patch(path, { topic: 'Changed again' }, { headers: { 'if-match': etag } });

    expect([first.status, repeated.status, otherwise.status]).toEqual([200, 200, 412]);
    expect(repeated.text).toBe(first.text);
    expect([first, repeated].map(({ headers }) => headers['idempotency-replayed'])).toEqual([
      undefined,
      'true',
    ]);
  });

  it('changes a status once, whatever it is by then', async () => {
    const { path } = await created();
    const options = withKey();
    const body = { status: 'paused', expected_status: 'running' };

    await ada.patch(`${path}/status`, body, options);
    await ada.patch(`${path}/status`, { status: 'completed' });
    const repeated = await ada.patch(`${path}/status`, body, options);

    expect([repeated.status, repeated.body.status]).toEqual([200, 'completed']);
  });

  it('changes a message once', async () => {
    const { path } = await created();
    const { body: message } = await ada.post(`${path}/messages`, { message_from: 'user', content: 'x' });
    const options = withKey();

    await ada.patch(`${path}/messages/${message.id}`, { feedback: 'good' }, options);
    await ada.patch(`${path}/messages/${message.id}`, { feedback: 'bad' });
    const repeated = await ada.patch(`${path}/messages/${message.id}`, { feedback: 'good' }, options);

    expect([repeated.status, repeated.body.feedback]).toEqual([200, 'bad']);
    expect(repeated.headers['idempotency-replayed']).toBe('true');
  });

  it('keeps the key also where nothing changed', async () => {
    const { path } = await created();
    const options = withKey();
    await ada.patch(path, { topic: 'New Conversation' }, options);
    await ada.patch(path, { topic: 'Other' });
    expect((await ada.patch(path, { topic: 'New Conversation' }, options)).body.topic).toBe('Other');
  });

  it('keeps the key of a status that is to stay as it is', async () => {
    const { path, etag } = await created();
    const options = { headers: { ...withKey().headers, 'if-match': etag } };
    const body = { status: null, expected_status: 'running' };

    const first = await ada.patch(`${path}/status`, body, options);
    await ada.patch(`${path}/status`, { status: 'completed' });
    const repeated = await adaElsewhere.patch(`${path}/status`, body, options);
    const other = await ada.patch(`${path}/status`, {}, options);

    expect([first.status, first.body.version, first.headers['idempotency-replayed']]).toEqual([
      200,
      1,
      undefined,
    ]);
    expect([repeated.status, repeated.body.status]).toEqual([200, 'completed']);
    expect(repeated.headers['idempotency-replayed']).toBe('true');
    expect([other.status, other.body.code]).toEqual([422, 'idempotency_key_reused']);
  });
});
