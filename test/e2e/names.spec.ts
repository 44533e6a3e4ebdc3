import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { createTestApp } from '../support/create-test-app.js';
import { expectProblem } from '../support/problems.js';
import { until } from '../support/until.js';

const { as, app, watcher } = await createTestApp();
const ada = as({ tenant: 'acme' });
const ofUnit = as({ tenant: 'acme', unit: 'unit-1' });
const HELLO = { message_from: 'user', content: 'Hello' };
let made = 0;
const newName = () => `slack/C1/${made++}!~`;

async function newConversation(body: object = {}): Promise<{ id: string; path: string; messages: string }> {
  const { body: created } = await ada.post('/conversations', body);
  const path = `/conversations/${created.id}`;
  return { id: created.id, path, messages: `${path}/messages` };
}

describe('a conversation with a name', () => {
  it('is created once, and found by it', async () => {
    const external_id = newName();

    const created = await ada.post('/conversations', { external_id, topic: 'First' });
    const again = await ada.post('/conversations', { external_id, topic: 'Second' });

    expect(created.status).toBe(201);
    expect(created.body).toMatchObject({ external_id, topic: 'First' });
    expectProblem(again, 'conversation_exists');
    expect(again.headers['location']).toBe(created.headers['location']);
    for (const order of ['recent', 'oldest', 'active']) {
      const found = await ada.get('/conversations', { query: { external_id, order } });
      expect(found.body).toMatchObject({ total_count: 1, data: [created.body] });
    }
    expect((await ada.get('/conversations', { query: { external_id: 'other' } })).body.total_count).toBe(0);
  });

  it('is answered as it is where that is asked for, and nothing is appended', async () => {
    const external_id = newName();
    const body = { external_id, if_exists: 'return', messages: [HELLO] };
    const first = await ada.post('/conversations', body);

    const again = await ada.post('/conversations', { ...body, topic: 'Another', messages: [HELLO, HELLO] });

    expect(first.status).toBe(201);
    expect(first.body.message_count).toBe(1);
    expect(again.status).toBe(200);
    expect(again.body).toEqual(first.body);
    expect((await ada.get(`/conversations/${first.body.id}`)).body).toEqual(first.body);
  });

  it('is one where many are created at once', async () => {
    const external_id = newName();

    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        ada.post('/conversations', { external_id, ...(n % 2 === 0 && { if_exists: 'return' }) }),
      ),
    );

    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    const ids = answers.filter(({ status }) => status < 300).map(({ body }) => body.id as string);
    expect(new Set(ids).size).toBe(1);
    for (const answer of answers.filter(({ status }) => status >= 300))
      expectProblem(answer, 'conversation_exists');
    expect((await ada.get('/conversations', { query: { external_id } })).body.total_count).toBe(1);
  });

  it('has it within its unit, and those without a unit have theirs together', async () => {
    const external_id = newName();
    const other = as({ tenant: 'bolt' });

    const withoutUnit = await ada.post('/conversations', { external_id });
    const inUnit = await ofUnit.post('/conversations', { external_id });
    const inOther = await as({ tenant: 'acme', unit: 'unit-2' }).post('/conversations', { external_id });

    for (const { status } of [
      withoutUnit,
      inUnit,
      inOther,
      await other.post('/conversations', { external_id }),
    ])
      expect(status).toBe(201);
    expectProblem(await ada.post('/conversations', { external_id }), 'conversation_exists');
    const again = await ofUnit.post('/conversations', { external_id, if_exists: 'return' });
    expect([again.status, again.body.id]).toEqual([200, inUnit.body.id]);
    expect((await ofUnit.get('/conversations', { query: { external_id } })).body.total_count).toBe(1);
    expect((await ada.get('/conversations', { query: { external_id } })).body.total_count).toBe(3);
  });

  it('gives it back when it is deleted', async () => {
    const external_id = newName();
    const { body: first } = await ada.post('/conversations', { external_id });
    await ada.delete(`/conversations/${first.id}`);

    const second = await ada.post('/conversations', { external_id });

    expect(second.status).toBe(201);
    expect(second.body.id).not.toBe(first.id);
  });

  it('keeps the name, which takes 1 to 255 visible ASCII characters', async () => {
    const external_id = `${newName()}${'x'.repeat(200)}`.padEnd(255, 'y');
    const { body } = await ada.post('/conversations', { external_id });

    expect(body.external_id).toBe(external_id);
    expectProblem(
      await ada.patch(`/conversations/${body.id}`, { external_id: 'x' }),
      'validation_failed',
      '/external_id',
      '/topic',
    );
    for (const wrong of ['', 'a b', 'é', 'x'.repeat(256), 1])
      expectProblem(
        await ada.post('/conversations', { external_id: wrong }),
        'validation_failed',
        '/external_id',
      );
    expectProblem(
      await ada.post('/conversations', { if_exists: 'ignore' }),
      'validation_failed',
      '/if_exists',
    );
    expect((await ada.post('/conversations', { external_id: null, if_exists: null })).status).toBe(201);
  });

  it('answers its key with the one that is there', async () => {
    const headers = { 'idempotency-key': newName() };
    const body = { external_id: newName(), if_exists: 'return' };
    await ada.post('/conversations', body);

    const first = await ada.post('/conversations', body, { headers });
    const again = await ada.post('/conversations', body, { headers });

    expect([first.status, again.status]).toEqual([200, 200]);
    expect(again.headers['idempotency-replayed']).toBe('true');
    expect(again.body).toEqual(first.body);
  });
});

describe('a message with a name', () => {
  it('is stored once, and found by it', async () => {
    const { messages, path } = await newConversation();
    const named = { ...HELLO, external_id: 'm/1' };

    const first = await ada.post(messages, named);
    const again = await ada.post(messages, { ...named, content: 'Other' });
    const returned = await ada.post(messages, { ...named, content: 'Other', if_exists: 'return' });

    expect(first.body).toMatchObject({ external_id: 'm/1', sequence: 1 });
    expectProblem(again, 'message_exists');
    expect(again.headers['location']).toBe(first.headers['location']);
    expect([returned.status, returned.body]).toEqual([200, first.body]);
    const found = await ada.get(messages, { query: { external_id: 'm/1' } });
    expect(found.body).toMatchObject({ page_num: 1, total_count: 1, total_pages: 1, data: [first.body] });
    const none = await ada.get(messages, { query: { external_id: 'm/2' } });
    expect(none.body).toMatchObject({ total_count: 0, data: [], has_next_page: false });
    expect((await ada.get(path)).body.message_count).toBe(1);
  });

  it('has it in its conversation only', async () => {
    const [one, two] = [await newConversation(), await newConversation()];

    for (const { messages } of [one, two])
      expect((await ada.post(messages, { ...HELLO, external_id: 'm' })).status).toBe(201);
  });

  it('stands in a batch in the place of what is there, and only the rest is stored', async () => {
    const { messages } = await newConversation();
    const batch = (...names: string[]) => ({
      messages: names.map((name) => ({ ...HELLO, external_id: name })),
      if_exists: 'return',
    });
    await ada.post(messages, { ...HELLO, external_id: 'b' });

    const mixed = await ada.post(`${messages}/batch`, batch('a', 'b', 'c'));
    const known = await ada.post(`${messages}/batch`, batch('c', 'a'));
    const { if_exists: _, ...strict } = batch('d', 'a');
    const refused = await ada.post(`${messages}/batch`, strict);

    const sequences = ({ body }: typeof mixed) =>
      body.data.map(({ sequence }: { sequence: number }) => sequence);
    expect([mixed.status, sequences(mixed)]).toEqual([201, [2, 1, 3]]);
    expect([known.status, sequences(known)]).toEqual([200, [3, 2]]);
    expectProblem(refused, 'message_exists');
    expect((await ada.get(messages)).body.total_count).toBe(3);
  });

  it('may have a name once in a request', async () => {
    const { messages } = await newConversation();
    const twice = [HELLO, HELLO, HELLO].map((message, n) => ({
      ...message,
      external_id: n === 1 ? 'b' : 'a',
    }));

    const refused = await ada.post(`${messages}/batch`, { messages: twice, if_exists: 'return' });
    const created = await ada.post('/conversations', { messages: twice });

    expectProblem(refused, 'validation_failed', '/messages/2/external_id');
    expectProblem(created, 'validation_failed', '/messages/2/external_id');
  });

  it('is stored once by many at once', async () => {
    const { messages } = await newConversation();

    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, n) =>
        ada.post(messages, { ...HELLO, content: `${n}`, external_id: `m${n % 3}`, if_exists: 'return' }),
      ),
    );

    expect(answers.filter(({ status }) => status === 201)).toHaveLength(3);
    for (const n of [0, 1, 2])
      expect(new Set(answers.filter((_, at) => at % 3 === n).map(({ body }) => body.id)).size).toBe(1);
    expect((await ada.get(messages)).body.data.map((m: { sequence: number }) => m.sequence)).toEqual([
      1, 2, 3,
    ]);
  });
});

describe('appends that expect a last message', () => {
  it('are told of one in between', async () => {
    const { messages } = await newConversation();

    const first = await ada.post(messages, { ...HELLO, expected_last_sequence: 0 });
    const late = await ada.post(messages, { ...HELLO, expected_last_sequence: 0 });

    expect(first.status).toBe(201);
    expect(late.status).toBe(409);
    expect(late.body).toMatchObject({ code: 'sequence_conflict', last_sequence: 1 });
    const batch = { messages: [HELLO, HELLO], expected_last_sequence: 1 };
    expect((await ada.post(`${messages}/batch`, batch)).status).toBe(201);
    expect((await ada.post(`${messages}/batch`, batch)).body).toMatchObject({ last_sequence: 3 });
  });

  it('ask for names first, and for the last message only where something is to be stored', async () => {
    const { messages } = await newConversation();
    const named = { ...HELLO, external_id: 'a' };
    await ada.post(messages, named);
    await ada.post(messages, HELLO);

    expectProblem(await ada.post(messages, { ...named, expected_last_sequence: 0 }), 'message_exists');
    const known = { ...named, if_exists: 'return', expected_last_sequence: 0 };
    expect((await ada.post(messages, known)).status).toBe(200);
    const rest = { messages: [named, HELLO], if_exists: 'return', expected_last_sequence: 0 };
    expect((await ada.post(`${messages}/batch`, rest)).body.code).toBe('sequence_conflict');
    const { status, body } = await ada.post(`${messages}/batch`, { ...rest, expected_last_sequence: 2 });
    expect([status, body.data[1].sequence]).toEqual([201, 3]);
  });

  it('stand beside the messages of a batch, not inside', async () => {
    const { messages } = await newConversation();
    const inside = { messages: [{ ...HELLO, if_exists: 'return', expected_last_sequence: 0 }] };

    expectProblem(
      await ada.post(`${messages}/batch`, inside),
      'validation_failed',
      '/messages/0/if_exists',
      '/messages/0/expected_last_sequence',
    );
    for (const wrong of [-1, 1.5, '0'])
      expectProblem(
        await ada.post(messages, { ...HELLO, expected_last_sequence: wrong }),
        'validation_failed',
        '/expected_last_sequence',
      );
  });

  it('are decided one by one: of 100 at once half are refused, and none is written twice', async () => {
    const { messages } = await newConversation();
    await sleep(1_100); // no other tenant sends anything: all may begin at once
    const before = watcher.statements.length;

    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, n) =>
        ada.post(messages, { ...HELLO, ...(n % 2 === 1 && { expected_last_sequence: 1000 + n }) }),
      ),
    );

    const inserts = watcher.statements.slice(before).filter((sql) => sql.startsWith('INSERT INTO message '));
    const rows = inserts.flatMap((sql) => sql.match(/\(\?/g) ?? []);
    expect(rows).toHaveLength(50);
    // One, unless some arrived while a group was being written, as on a busy machine.
    expect(inserts.length).toBeLessThanOrEqual(5);
    const refused = answers.filter((_, n) => n % 2 === 1);
    for (const { body } of refused) expect(body.code).toBe('sequence_conflict');
    const stored = answers.filter((_, n) => n % 2 === 0).map(({ body }) => body.sequence as number);
    expect(stored.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, n) => n + 1));
  });

  it('let one of many be the first', async () => {
    const { messages } = await newConversation();

    const answers = await Promise.all(
      Array.from({ length: 30 }, () => ada.post(messages, { ...HELLO, expected_last_sequence: 0 })),
    );

    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    for (const { body } of answers.filter(({ status }) => status !== 201))
      expect(body).toMatchObject({ code: 'sequence_conflict', last_sequence: 1 });
  });
});

describe('what a deleted conversation leaves', () => {
  it('has no names', async () => {
    const { path, messages, id } = await newConversation();
    const named = Array.from({ length: 150 }, (_, n) => ({ ...HELLO, external_id: `${n}` }));
    await ada.post(`${messages}/batch`, { messages: named });
    const names = async () => {
      const [row]: { total: number }[] = await app
        .get(DataSource)
        .query('SELECT COUNT(*) AS total FROM message_name WHERE tenant_id = ? AND conversation_id = ?', [
          'acme',
          id,
        ]);
      return Number(row?.total);
    };
    expect(await names()).toBe(150);

    await ada.delete(path);

    await until('its names are removed', async () => (await names()) === 0);
  });
});
