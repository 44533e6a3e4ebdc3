import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { createTestApp } from '../support/create-test-app.js';
import { expectProblem } from '../support/problems.js';
import { tenantTablesOf } from '../support/tenant-rows.js';
import { until } from '../support/until.js';

const { app, as, databaseUrl } = await createTestApp();
const ada = as({ tenant: 'acme', sub: 'ada' });
const bob = as({ tenant: 'acme', sub: 'bob' });
const dataSource = app.get(DataSource);
const SECRET = 'My card is 4111-1111';

async function said(body: object = {}) {
  const { body: conversation } = await ada.post('/conversations', { user_id: 'eve' });
  const messages = `/conversations/${conversation.id}/messages`;
  const message = await ada.post(messages, {
    message_from: 'user',
    content: `${SECRET} ${conversation.id}`,
    parts: [{ type: 'text', text: `${SECRET} ${conversation.id}` }],
    feedback: SECRET,
    metadata: { secret: `${SECRET} ${conversation.id}` },
    external_id: 'm1',
    input_tokens: 7,
    ...body,
  });
  expect(message.status).toBe(201);
  const conversationPath = `/conversations/${conversation.id}`;
  return { conversationPath, messages, path: `${messages}/${message.body.id}`, message: message.body };
}

describe('a redacted message', () => {
  it('is empty, and keeps its place, times, tokens, authors and name', async () => {
    const { path, message, messages } = await said();

    const { status, headers, body } = await bob.post(`${path}/redact`);

    expect(status).toBe(200);
    expect(body).toEqual({
      ...message,
      content: '',
      parts: null,
      metadata: {},
      feedback: null,
      redacted_time: expect.any(String),
      updated_time: body.redacted_time,
      updated_by: 'bob',
      version: 2,
    });
    expect(headers['etag']).toBe('"2"');
    expect((await ada.get(path)).body).toEqual(body);
    expect((await ada.get(messages)).body.data).toEqual([body]);
  });

  it('stays as it is', async () => {
    const { path } = await said({ hidden: true });
    const first = await ada.post(`${path}/redact`);

    expect((await bob.post(`${path}/redact`)).body).toEqual(first.body);
    for (const change of [{ feedback: 'x' }, { metadata: {} }, { hidden: false }, {}])
      expectProblem(await ada.patch(path, change), 'message_redacted');
    expect((await ada.get(path)).body).toEqual(first.body);
  });

  it('is so only if it is the one that was read', async () => {
    const { path } = await said();

    expectProblem(
      await ada.send('POST', `${path}/redact`, undefined, { headers: { 'if-match': '"2"' } }),
      'precondition_failed',
    );
    const done = await ada.send('POST', `${path}/redact`, undefined, { headers: { 'if-match': '"1"' } });
    expect(done.body.content).toBe('');
    expectProblem(await ada.post(`${path}x/redact`), 'message_not_found');
    expectProblem(await as({ tenant: 'bolt' }).post(`${path}/redact`), 'conversation_not_found');
  });

  it('is in no table any more, nor in the answer of the key that made it', async () => {
    const { messages, conversationPath } = await said();
    const headers = { 'idempotency-key': conversationPath };
    const body = { message_from: 'user', content: `${SECRET} keyed ${conversationPath}` };
    const { body: keyed } = await ada.post(messages, body, { headers });

    await ada.post(`${messages}/${keyed.id}/redact`);

    for (const table of tenantTablesOf(dataSource)) {
      const rows = JSON.stringify(
        await dataSource.query(`SELECT * FROM ${table} WHERE tenant_id = ?`, ['acme']),
      );
      expect(rows).not.toContain(`${SECRET} keyed ${conversationPath}`);
    }
    const again = await ada.post(messages, body, { headers });
    expect([again.status, again.body.content]).toEqual([201, '']);
  });

  it('leaves its copy in a fork, which is a message of its own', async () => {
    const { path, conversationPath } = await said();
    const { body: fork } = await ada.post(`${conversationPath}/fork`);

    await ada.post(`${path}/redact`);

    const { body } = await ada.get(`/conversations/${fork.id}/messages`);
    expect(body.data[0].content).toContain(SECRET);
  });
});

if (testEngine === 'sqlite') {
  describe('the file of the database', () => {
    const path = databaseUrl.replace(/^sqlite:/, '');
    const isInFile = async (text: string) => {
      const files = await Promise.all(
        [path, `${path}-wal`].map((name) => readFile(name).catch(() => Buffer.alloc(0))),
      );
      return files.some((bytes) => bytes.includes(text));
    };

    it('soon has nothing of what was redacted, nor of conversations that were deleted', async () => {
      const redacted = await said();
      const deleted = await said();
      for (const { message } of [redacted, deleted]) expect(await isInFile(message.content)).toBe(true);

      await ada.post(`${redacted.path}/redact`);
      await ada.delete(deleted.conversationPath);

      for (const { message } of [redacted, deleted])
        await until('it is in the file no more', async () => !(await isInFile(message.content)), 20_000);
    });
  });
}
