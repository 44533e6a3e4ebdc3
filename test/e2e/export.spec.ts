import { get } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { createTestApp } from '../support/create-test-app.js';
import { tokenFor } from '../support/test-client.js';
import { until } from '../support/until.js';

const MiB = 1024 * 1024;

const { app, as, listen, databaseUrl } = await createTestApp({ environment: { LOG_LEVEL: 'warn' } });
const leaving = await createTestApp({ databaseUrl, environment: { EVENTS: 'write' } });
const silent = await createTestApp({ environment: { EVENTS: 'off' } });
const url = await listen();

/** A line of any kind; of the last one, `messages` is a number. */
type Line = Record<string, unknown>;
const messagesIn = ({ messages }: Line) =>
  Array.isArray(messages) ? (messages as Record<string, unknown>[]) : [];
const EVENT: unknown = expect.stringMatching(/^[0-9a-z]+-\d+$/);
type Client = ReturnType<typeof as>;

const linesOf = (text: string): Line[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);

async function exported(client: Client, query: Record<string, string> = {}): Promise<Line[]> {
  const { status, headers, text } = await client.get('/export/conversations', { query });
  expect([status, headers['content-type']]).toEqual([200, 'application/x-ndjson']);
  return linesOf(text);
}

async function create(
  client: Client,
  topic: string,
  contents: readonly string[] = [],
  more = {},
): Promise<string> {
  const { body } = await client.post('/conversations', { topic, ...more });
  for (let start = 0; start < contents.length; start += 6) {
    const messages = contents.slice(start, start + 6).map((content) => ({ message_from: 'user', content }));
    const { status } = await client.post(`/conversations/${body.id}/messages/batch`, { messages });
    expect(status).toBe(201);
  }
  return body.id;
}

async function messagesOf(tenant: string, id: string): Promise<number> {
  const sql = 'SELECT COUNT(*) AS total FROM message WHERE tenant_id = ? AND conversation_id = ?';
  const [row]: { total: unknown }[] = await app.get(DataSource).query(sql, [tenant, id]);
  return Number(row?.total);
}

describe('an export', () => {
  it('has every conversation as it is, with its messages, oldest first, between a first and a last line', async () => {
    const client = as({ tenant: 'whole' });
    const ids = [
      await create(client, 'one', ['a', 'b\u2028"']),
      await create(client, 'two'),
      await create(client, 'three', ['c']),
    ];

    const [first, ...lines] = await exported(client);
    const last = lines.pop();

    expect(first).toEqual({ format: 'colloquy/1', events_after: EVENT });
    expect(last).toEqual({ conversations: 3, messages: 3, events_after: EVENT });
    const expected = await Promise.all(
      ids.map(async (id) => ({
        ...(await client.get(`/conversations/${id}`)).body,
        messages: (await client.get(`/conversations/${id}/messages`)).body.data,
      })),
    );
    expect(lines).toEqual(expected);
  });

  it('of nothing is a first and a last line', async () => {
    expect(await exported(as({ tenant: 'nothing' }))).toEqual([
      { format: 'colloquy/1', events_after: EVENT },
      { conversations: 0, messages: 0, events_after: EVENT },
    ]);
  });

  it('takes the filters of the list, and no other parameter', async () => {
    const client = as({ tenant: 'filters' });
    await create(client, 'a', [], { status: 'failed', user_id: 'ada' });
    await create(client, 'b', [], { status: 'paused', user_id: 'ada' });
    await create(client, 'c', [], { status: 'failed', user_id: 'bob' });

    const topics = async (query: Record<string, string>) =>
      (await exported(client, query)).slice(1, -1).map(({ topic }) => topic);

    expect(await topics({ user_id: 'ada' })).toEqual(['a', 'b']);
    expect(await topics({ statuses: 'failed,paused', user_id: 'bob' })).toEqual(['c']);
    expect(await topics({ status: 'failed' })).toEqual(['a', 'c']);
    expect(await topics({ created_before: '2020-01-01T00:00:00Z' })).toEqual([]);
    const refused = await client.get('/export/conversations', { query: { page_num: 2 } });
    expect([refused.status, refused.body.errors[0].parameter]).toEqual([422, 'page_num']);
  });

  it('goes on behind a conversation, whether it is still there or not', async () => {
    const client = as({ tenant: 'resumed' });
    await create(client, 'one');
    const second = await create(client, 'two');
    await create(client, 'three');
    const behind = async () =>
      (await exported(client, { after: second.toUpperCase() })).map(({ topic }) => topic);

    expect(await behind()).toEqual([undefined, 'three', undefined]);
    await client.delete(`/conversations/${second}`);
    expect(await behind()).toEqual([undefined, 'three', undefined]);
    expect((await client.get('/export/conversations', { query: { after: 'x' } })).status).toBe(422);
  });

  it('puts messages that do not fit into a line into lines behind it', async () => {
    const client = as({ tenant: 'large' });
    const contents = Array.from({ length: 20 }, (_, index) => String(index).padEnd(MiB, 'x'));
    const id = await create(client, 'large', contents);
    await create(client, 'next', ['y']);

    const lines = (await exported(client)).slice(1, -1);

    expect(lines.map((line) => [line['id'] ?? line['conversation_id'], messagesIn(line).length])).toEqual([
      [id, 7],
      [id, 7],
      [id, 6],
      [expect.any(String), 1],
    ]);
    expect(lines.flatMap(messagesIn).map(({ content }) => content)).toEqual([...contents, 'y']);
    for (const line of lines)
      expect(Buffer.byteLength(JSON.stringify(messagesIn(line)))).toBeLessThanOrEqual(8 * MiB);
  });

  it('waits for its reader, and says which conversation was deleted meanwhile', async () => {
    const client = as({ tenant: 'slow' });
    const contents = Array.from({ length: 48 }, (_, index) => String(index).padEnd(MiB, 'x'));
    const id = await create(client, 'large', contents);
    await create(client, 'next', ['y']);
    const authorization = `Bearer ${await tokenFor({ tenant: 'slow' })}`;
    const before = process.memoryUsage().external;

    const chunks: Buffer[] = [];
    await new Promise<void>((resolve, reject) => {
      get(`${url}/admin/api/v2/export/conversations`, { headers: { authorization } }, (response) => {
        response.once('readable', () => {
          void (async () => {
            await wait(300);
            // What is not read is not held either.
            expect(process.memoryUsage().external - before).toBeLessThan(32 * MiB);
            await client.delete(`/conversations/${id}`);
            await until('its messages are removed', async () => (await messagesOf('slow', id)) === 0);
            response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', resolve);
          })().catch(reject);
        });
      }).on('error', reject);
    });

    const lines = linesOf(Buffer.concat(chunks).toString());
    const ofDeleted = lines.filter((line) => line['id'] === id || line['conversation_id'] === id);
    const count = ofDeleted.flatMap(messagesIn).length;
    expect(count).toBeGreaterThan(0);
    expect(count).toBeLessThan(48);
    expect(ofDeleted.at(-1)).toEqual({ conversation_id: id, deleted: true });
    expect(lines.at(-2)).toMatchObject({ topic: 'next' });
    expect(lines.at(-1)).toEqual({ conversations: 1, messages: 1, events_after: EVENT });
  });

  it('ends when its reader goes, and is not made for a HEAD', async () => {
    const client = as({ tenant: 'slow' });
    const head = await client.send('HEAD', '/export/conversations');

    expect([head.status, head.text, head.headers['content-length']]).toEqual([200, '', undefined]);
  });

  it('asks for the scope to read', async () => {
    const { status, body } = await as({ tenant: 'whole', scopes: ['conversations:write'] }).get(
      '/export/conversations',
    );
    expect([status, body.code]).toEqual([403, 'insufficient_scope']);
  });
});

describe('the event that an export ends with', () => {
  const nothing = { conversations: 0, messages: 0 };

  it('is there where events are left and not served', async () => {
    const [first, last] = await exported(leaving.as({ tenant: 'followed' }));

    expect(first).toMatchObject({ events_after: EVENT });
    expect(last).toEqual({ ...nothing, events_after: EVENT });
  });

  it('is null where none are left', async () => {
    const [first, last] = await exported(silent.as({ tenant: 'followed' }));

    expect(first).toMatchObject({ events_after: null });
    expect(last).toEqual({ ...nothing, events_after: null });
  });
});
