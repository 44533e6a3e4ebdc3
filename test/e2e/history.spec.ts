import { describe, expect, it } from '@jest/globals';
import { createTestApp } from '../support/create-test-app.js';
import { expectProblem } from '../support/problems.js';

const { as } = await createTestApp();
const scopes = ['conversations:read', 'conversations:write'];
const ada = as({ tenant: 'acme', scopes });
const importer = as({ tenant: 'acme', scopes: [...scopes, 'conversations:import'] });
const HELLO = { message_from: 'user', content: 'Hello' };
const at = (second: number) => `2020-05-01T12:00:${String(second).padStart(2, '0')}.000Z`;

describe('history', () => {
  it('is only for who may import it', async () => {
    const { body: conversation } = await ada.post('/conversations');
    const messages = `/conversations/${conversation.id}/messages`;

    for (const refused of [
      await ada.post('/conversations', { created_time: at(1) }),
      await ada.post('/conversations', { messages: [{ ...HELLO, created_time: at(1) }] }),
      await ada.post(messages, { ...HELLO, created_time: at(1) }),
      await ada.post(`${messages}/batch`, { messages: [HELLO, { ...HELLO, created_time: at(1) }] }),
    ])
      expectProblem(refused, 'insufficient_scope');
  });

  it('has the times it had, in ids, lists and filters too', async () => {
    const created = await importer.post('/conversations', {
      created_time: at(1),
      messages: [
        { ...HELLO, created_time: at(2) },
        { ...HELLO, created_time: at(3), requested_time: at(1) },
      ],
    });

    expect(created.body).toMatchObject({ created_time: at(1), updated_time: at(3), message_count: 2 });
    const path = `/conversations/${created.body.id}`;
    const { body } = await importer.get(`${path}/messages`);
    expect(body.data).toMatchObject([
      { created_time: at(2), updated_time: at(2), requested_time: at(2) },
      { created_time: at(3), updated_time: at(3), requested_time: at(1) },
    ]);
    const older = await importer.post('/conversations', { created_time: '1970-01-01T00:00:00Z' });
    const listed = await importer.get('/conversations', {
      query: { order: 'oldest', created_before: at(9) },
    });
    expect(listed.body.data.map(({ id }: { id: string }) => id)).toEqual([older.body.id, created.body.id]);
    const active = await importer.get('/conversations', {
      query: { updated_after: at(3), updated_before: at(4) },
    });
    expect(active.body.data).toEqual([created.body]);
  });

  it('raises the last activity to its time at most, and anything else to now', async () => {
    const { body: conversation } = await importer.post('/conversations', { created_time: at(1) });
    const path = `/conversations/${conversation.id}`;

    const appended = await importer.post(`${path}/messages`, { ...HELLO, created_time: at(5) });
    const after = await importer.get(path);
    await importer.post(`${path}/messages`, HELLO);
    const now = await importer.get(path);

    expect(appended.body).toMatchObject({ created_time: at(5), requested_time: at(5), sequence: 1 });
    expect(after.body).toMatchObject({ updated_time: at(5), message_count: 1 });
    expect(now.body.updated_time > '2026').toBe(true);
    expect((await importer.get(`${path}/messages/${appended.body.id}`)).body).toEqual(appended.body);
  });

  it('does not go backwards, and does not lie in the future', async () => {
    const { body: conversation } = await importer.post('/conversations', { created_time: at(1) });
    const messages = `/conversations/${conversation.id}/messages`;
    await importer.post(messages, { ...HELLO, created_time: at(5) });
    const times = (...seconds: number[]) => seconds.map((second) => ({ ...HELLO, created_time: at(second) }));

    expectProblem(await importer.post(messages, times(4)[0]), 'validation_failed', '/created_time');
    expectProblem(
      await importer.post(`${messages}/batch`, { messages: times(6, 8, 7) }),
      'validation_failed',
      '/messages/2/created_time',
    );
    expectProblem(
      await importer.post('/conversations', { messages: times(2, 1) }),
      'validation_failed',
      '/messages/1/created_time',
    );
    for (const created_time of ['2999-01-01T00:00:00Z', '1969-12-31T23:59:59Z', 'now'])
      expectProblem(
        await importer.post('/conversations', { created_time }),
        'validation_failed',
        '/created_time',
      );
    const soon = new Date(Date.now() + 30_000).toISOString();
    expect((await importer.post('/conversations', { created_time: soon })).status).toBe(201);
    expect((await importer.post(`${messages}/batch`, { messages: times(5, 5, 6) })).status).toBe(201);
    expect((await importer.get(messages)).body.total_count).toBe(4);
  });

  it('is stored beside what is said meanwhile', async () => {
    const { body: conversation } = await importer.post('/conversations', { created_time: at(1) });
    const messages = `/conversations/${conversation.id}/messages`;

    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        importer.post(messages, { ...HELLO, ...(n % 2 && { created_time: at(2) }) }),
      ),
    );

    const stored = answers.filter(({ status }) => status === 201);
    for (const { body } of answers.filter(({ status }) => status !== 201))
      expect(body.code).toBe('validation_failed');
    const { body } = await importer.get(messages);
    expect(body.total_count).toBe(stored.length);
    const created = body.data.map(({ created_time }: { created_time: string }) => created_time);
    expect(created).toEqual(created.toSorted());
  });
});
