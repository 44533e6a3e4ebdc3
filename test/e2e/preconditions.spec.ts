import { describe, expect, it } from '@jest/globals';
import { createTestApp } from '../support/create-test-app.js';

const { as } = await createTestApp();
const ada = as({ tenant: 'acme' });

async function conversation() {
  const { body, headers } = await ada.post('/conversations', { topic: 'First' });
  return { path: `/conversations/${body.id}`, etag: String(headers.etag) };
}

async function message() {
  const { path } = await conversation();
  const { body, headers } = await ada.post(`${path}/messages`, { message_from: 'user', content: 'Hello' });
  return { conversation: path, path: `${path}/messages/${body.id}`, etag: String(headers.etag) };
}

const ifMatch = (etag: string) => ({ headers: { 'if-match': etag } });
const ifNoneMatch = (etag: string) => ({ headers: { 'if-none-match': etag } });

describe('an ETag', () => {
  it('is strong, the same on each answer, and another one after every change', async () => {
    const { path, etag } = await conversation();
    expect(etag).toMatch(/^"[^"]+"$/);
    expect((await ada.get(path)).headers.etag).toBe(etag);

    const topic = await ada.patch(path, { topic: 'Second' });
    const status = await ada.patch(`${path}/status`, { status: 'paused' });
    await ada.post(`${path}/messages`, { message_from: 'user', content: 'Hello' });
    const read = await ada.get(path);

    const tags = [etag, topic.headers.etag, status.headers.etag, read.headers.etag];
    expect(new Set(tags).size).toBe(4);
  });

  it('stays when nothing is changed', async () => {
    const { path, etag } = await conversation();
    expect((await ada.patch(path, { topic: 'First' })).headers.etag).toBe(etag);
    expect((await ada.patch(`${path}/status`, { status: 'running' })).headers.etag).toBe(etag);
  });

  it('is not on a page', async () => {
    expect((await ada.get('/conversations')).headers.etag).toBeUndefined();
  });
});

describe('If-None-Match', () => {
  it('is answered with 304 and no body while nothing has changed', async () => {
    const { path, etag } = await conversation();
    for (const tag of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
      const { status, text, headers } = await ada.get(path, ifNoneMatch(tag));
      expect([status, text, headers.etag]).toEqual([304, '', etag]);
      const head = await ada.send('HEAD', path, undefined, ifNoneMatch(tag));
      expect([head.status, head.text, head.headers.etag]).toEqual([304, '', etag]);
    }
    const { path: messagePath, etag: messageTag } = await message();
    expect((await ada.get(messagePath, ifNoneMatch(messageTag))).status).toBe(304);
  });

  it('is answered in full after a change', async () => {
    const { path, etag } = await conversation();
    await ada.patch(path, { topic: 'Second' });
    const { status, body } = await ada.get(path, ifNoneMatch(etag));
    expect([status, body.topic]).toEqual([200, 'Second']);
  });
});

describe('If-Match', () => {
  it('lets a change through while the thing is what the client has seen', async () => {
    const { path, etag } = await conversation();
    const { status, headers } = await ada.patch(path, { topic: 'Second' }, ifMatch(etag));
    expect(status).toBe(200);
    expect(
      (await ada.patch(`${path}/status`, { status: 'paused' }, ifMatch(`"x", ${headers.etag}`))).status,
    ).toBe(200);
    expect((await ada.delete(path, ifMatch('*'))).status).toBe(204);

    const of = await message();
    expect((await ada.patch(of.path, { feedback: 'good' }, ifMatch(of.etag))).status).toBe(200);
  });

  it('refuses every change of what has changed since, and changes nothing', async () => {
    const { path, etag } = await conversation();
    const { body: current } = await ada.patch(path, { topic: 'Second' });

    const answers = [
      await ada.patch(path, { topic: 'Third' }, ifMatch(etag)),
      await ada.patch(path, { topic: 'Second' }, ifMatch(etag)),
      await ada.patch(`${path}/status`, { status: 'paused' }, ifMatch(etag)),
      await ada.patch(`${path}/status`, {}, ifMatch(etag)),
      await ada.delete(path, ifMatch(etag)),
      await ada.patch(path, { topic: 'Third' }, ifMatch(`W/${etag}`)),
      await ada.patch(path, { topic: 'Third' }, ifMatch('nonsense')),
    ];

    expect(answers.map(({ status, body }) => [status, body.code])).toEqual(
      answers.map(() => [412, 'precondition_failed']),
    );
    expect((await ada.get(path)).body).toEqual(current);
  });

  it('refuses a change of a message that has changed since', async () => {
    const { path, etag } = await message();
    await ada.patch(path, { feedback: 'good' });
    const { status, body } = await ada.patch(path, { feedback: 'bad' }, ifMatch(etag));
    expect([status, body.code]).toEqual([412, 'precondition_failed']);
    expect((await ada.get(path)).body.feedback).toBe('good');
  });

  it('of a thing that does not exist is 404', async () => {
    const { path, etag } = await conversation();
    await ada.delete(path);
    expect((await ada.patch(path, { topic: 'x' }, ifMatch(etag))).status).toBe(404);
    expect((await ada.delete(path, ifMatch(etag))).status).toBe(404);
  });

  it('lets exactly one of two racing changes win, in every round', async () => {
    const { path } = await conversation();
    for (let round = 1; round <= 200; round++) {
      const etag = String((await ada.get(path)).headers.etag);
      const answers = await Promise.all([
        ada.patch(path, { topic: `A ${round}` }, ifMatch(etag)),
        ada.patch(path, { topic: `B ${round}` }, ifMatch(etag)),
      ]);
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 412]);
    }
  });
});

describe('expected_status', () => {
  it('lets a status follow only the one that is expected', async () => {
    const { path } = await conversation();
    const done = await ada.patch(`${path}/status`, { status: 'cancelled', expected_status: 'running' });
    const late = await ada.patch(`${path}/status`, { status: 'completed', expected_status: 'running' });
    expect([done.status, done.body.status]).toEqual([200, 'cancelled']);
    expect(late.status).toBe(409);
    expect(late.body).toMatchObject({ code: 'status_conflict', current_status: 'cancelled' });
    expect((await ada.get(path)).body.status).toBe('cancelled');
  });

  it('is looked at even when the status would not change', async () => {
    const { path } = await conversation();
    const same = await ada.patch(`${path}/status`, { status: 'running', expected_status: 'running' });
    const other = await ada.patch(`${path}/status`, { status: 'running', expected_status: 'paused' });
    const none = await ada.patch(`${path}/status`, { expected_status: 'paused' });
    expect([same.status, other.status, none.status]).toEqual([200, 409, 409]);
  });

  it('lets exactly one of many racing changes win', async () => {
    const { path } = await conversation();
    const statuses = ['queued', 'paused', 'completed', 'failed', 'cancelled', 'expired'];
    const answers = await Promise.all(
      statuses.map((status) => ada.patch(`${path}/status`, { status, expected_status: 'running' })),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(statuses.length - 1);
  });
});
