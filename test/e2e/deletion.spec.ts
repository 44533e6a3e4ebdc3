import { afterAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { until } from '../support/until.js';
import { createTestApp } from '../support/create-test-app.js';
import { createTestDatabase } from '../support/test-database.js';

/** A range of messages that a replica has removed. */
interface Removal {
  conversationId: string;
  from: number;
  to: number;
}

/** A replica, and what it removes. It fails, as if it died, when `mayRemove` says no. */
async function startReplica(databaseUrl: string, mayRemove: (removals: number) => boolean = () => true) {
  const { app, as, watcher, close } = await createTestApp({ databaseUrl });
  const removals: Removal[] = [];
  const see = watcher.see.bind(watcher);
  watcher.see = (statement, parameters) => {
    see(statement, parameters);
    if (!statement.startsWith('DELETE FROM message ')) return;
    if (!mayRemove(removals.length)) throw new Error('The replica dies here.');
    const [conversationId, from, to] = parameters.slice(-3);
    removals.push({ conversationId: String(conversationId), from: Number(from), to: Number(to) });
  };
  return { client: as({ tenant: 'acme', sub: 'ada' }), database: app.get(DataSource), removals, close };
}

const database = await createTestDatabase();
const replica = await startReplica(database.url);
const ada = replica.client;
afterAll(async () => {
  await replica.close();
  await database.drop();
});

async function rows(
  { database }: Pick<typeof replica, 'database'>,
  [table, column]: ['message', 'conversation_id'] | ['deleted_conversation', 'id'],
  id: string,
  tenant = 'acme',
): Promise<number> {
  const [row]: { total: number }[] = await database.query(
    `SELECT COUNT(*) AS total FROM ${table} WHERE tenant_id = ? AND ${column} = ?`,
    [tenant, id],
  );
  return Number(row?.total);
}

const messagesLeft = (at: typeof replica, id: string, tenant?: string) =>
  rows(at, ['message', 'conversation_id'], id, tenant);

const isPurged = async (at: typeof replica, id: string) =>
  (await messagesLeft(at, id)) === 0 && (await rows(at, ['deleted_conversation', 'id'], id)) === 0;

async function conversationWith(messages: number, client = ada): Promise<string> {
  const { body: conversation } = await client.post('/conversations', { topic: 'To be deleted' });
  for (let start = 0; start < messages; start += 500) {
    const { status } = await client.post(`/conversations/${conversation.id}/messages/batch`, {
      messages: Array.from({ length: Math.min(500, messages - start) }, (_, n) => ({
        message_from: 'user',
        content: `Message ${start + n}`,
      })),
    });
    expect(status).toBe(201);
  }
  return String(conversation.id);
}

/** A database on which a replica has died with a part of a conversation's messages removed. */
async function interruptedPurge() {
  const database = await createTestDatabase();
  const dying = await startReplica(database.url, (removals) => removals < 1);
  const id = await conversationWith(203, dying.client);
  await dying.client.delete(`/conversations/${id}`);
  await until('the purge has begun', async () => (await messagesLeft(dying, id)) < 203);
  await dying.close();
  return { database, id, removals: dying.removals };
}

const interrupted = await interruptedPurge();
const heirs = [
  await startReplica(interrupted.database.url),
  await startReplica(interrupted.database.url),
] as const;
afterAll(async () => {
  await Promise.all(heirs.map(({ close }) => close()));
  await interrupted.database.drop();
});

describe('a deleted conversation', () => {
  it('leaves no message behind, which are removed in short steps', async () => {
    const id = await conversationWith(203);
    await replica.database.query(
      `INSERT INTO message (tenant_id, conversation_id, sequence, id, message_from, content, requested_time,
         input_tokens, answer_tokens, total_tokens, metadata, version, created_time, updated_time)
       SELECT 'bolt', conversation_id, sequence, id, message_from, content, requested_time,
         input_tokens, answer_tokens, total_tokens, metadata, version, created_time, updated_time
       FROM message WHERE tenant_id = ? AND conversation_id = ? AND sequence <= 2`,
      ['acme', id],
    );
    expect(await messagesLeft(replica, id)).toBe(203);

    expect((await ada.delete(`/conversations/${id}`)).status).toBe(204);

    await until('the conversation is purged', () => isPurged(replica, id));
    expect(replica.removals.filter(({ conversationId }) => conversationId === id)).toEqual([
      { conversationId: id, from: 1, to: 100 },
      { conversationId: id, from: 101, to: 200 },
      { conversationId: id, from: 201, to: 203 },
    ]);
    expect(await messagesLeft(replica, id, 'bolt')).toBe(2);
  }, 60_000);

  it('without messages leaves nothing either', async () => {
    const id = await conversationWith(0);

    expect((await ada.delete(`/conversations/${id}`)).status).toBe(204);

    await until('the conversation is purged', () => isPurged(replica, id));
  }, 60_000);
});

describe('several replicas', () => {
  it('finish what one that died has begun, and do nothing twice', async () => {
    const [heir, other] = heirs;
    const { id } = interrupted;
    expect(interrupted.removals).toEqual([{ conversationId: id, from: 1, to: 100 }]);
    expect(await messagesLeft(heir, id)).toBe(103);

    // As if its claim had run out.
    await heir.database.query(
      "UPDATE deleted_conversation SET claimed_until = '2001-01-01 00:00:00.000' WHERE tenant_id = ? AND id = ?",
      ['acme', id],
    );
    const more: string[] = [];
    for (const count of [1, 101, 140]) more.push(await conversationWith(count, other.client));
    await Promise.all(more.map((one, n) => (n % 2 ? heir : other).client.delete(`/conversations/${one}`)));

    for (const one of [id, ...more]) await until('the conversation is purged', () => isPurged(heir, one));
    const removed = [...heir.removals, ...other.removals].map(({ conversationId, from, to }) =>
      [[id, ...more].indexOf(conversationId), from, to].join(' '),
    );
    expect(removed.sort()).toEqual([
      '0 101 200',
      '0 201 203',
      '1 1 1',
      '2 1 100',
      '2 101 101',
      '3 1 100',
      '3 101 140',
    ]);
  }, 60_000);
});
