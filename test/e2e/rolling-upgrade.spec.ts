import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { loadConfig } from '../../src/config/load-config.js';
import { dataSourceOptions, openDataSource } from '../../src/database/engines/data-source.js';
import { InitialSchema1768000000000 } from '../../src/database/migrations/1768000000000-initial-schema.js';
import { runMigrations } from '../../src/database/schema/migrate.js';
import { newId } from '../../src/common/ids.js';
import { newMessageId } from '../../src/messages/new-message-id.js';
import { createTestApp } from '../support/create-test-app.js';
import { createTestDatabase } from '../support/test-database.js';
import { insertAll } from '../support/tenant-rows.js';

const MESSAGES = 5_000;
const TENANT = 'acme';
const TIME = '2026-01-31 08:00:00.000';
const written = { version: 1, created_time: TIME, updated_time: TIME, created_by: 'ada', updated_by: 'ada' };

/** What the first release (804e0a4) writes, which names no column of later ones. */
const conversation = (id: string, messages: number) => ({
  tenant_id: TENANT,
  id,
  topic: 'Before',
  status: 'running',
  user_id: 'eve',
  inputs: '{}',
  extend_properties: '{}',
  message_count: messages,
  ...written,
});
const message = (conversationId: string, sequence: number) => ({
  tenant_id: TENANT,
  conversation_id: conversationId,
  sequence,
  id: newMessageId(new Date(TIME), sequence),
  message_from: 'user',
  content: `said ${sequence}`,
  requested_time: TIME,
  input_tokens: 0,
  answer_tokens: 0,
  total_tokens: 0,
  metadata: '{}',
  ...written,
});

const database = await createTestDatabase();
const { database: config } = loadConfig({
  environment: { DATABASE_URL: database.url, DATABASE_POOL_SIZE: '2' },
});
const before = new DataSource({
  ...(await dataSourceOptions(config)),
  migrations: [InitialSchema1768000000000],
});
const old = newId();
/** How many conversations the release before wrote while the migrations ran. */
let meanwhile = 0;

await before.initialize();
await runMigrations(before);
await insertAll(before, 'conversation', [conversation(old, MESSAGES)]);
const messages = Array.from({ length: MESSAGES }, (_, n) => message(old, n + 1));
await insertAll(before, 'message', messages);
let migrating = true;
const writing = async () => {
  // SQLite has one process, so that there a release never writes while another one migrates.
  while (migrating && testEngine !== 'sqlite') {
    const id = newId();
    await insertAll(before, 'conversation', [conversation(id, 1)]);
    await insertAll(before, 'message', [message(id, 1)]);
    meanwhile++;
    await sleep(1);
  }
};
const migrated = createTestApp({ databaseUrl: database.url }).finally(() => (migrating = false));
const [app] = await Promise.all([migrated, writing()]);
afterAll(async () => {
  await before.destroy();
  await app.close();
  await database.drop();
});

describe('a database of the first release', () => {
  it('is taken over with all that is in it, and with what is written meanwhile and afterwards', async () => {
    const late = newId();
    await insertAll(before, 'conversation', [conversation(late, 1)]);
    await insertAll(before, 'message', [message(late, 1)]);
    const ada = app.as({ tenant: TENANT });

    const { body: list } = await ada.get('/conversations');
    const { body: page } = await ada.get(`/conversations/${late}/messages`);
    const { body: last } = await ada.get(`/conversations/${old}/messages`, {
      query: { order: 'recent', page_size: 1 },
    });

    expect(list.data.length).toBeGreaterThan(Math.min(meanwhile, 18));
    if (testEngine !== 'sqlite') expect(meanwhile).toBeGreaterThan(0);
    expect(list.data[0]).toMatchObject({ id: late, external_id: null, forked_from: null, version: 1 });
    const untouched = { parts: null, external_id: null, hidden: false, redacted_time: null, version: 1 };
    expect(page.data).toMatchObject([{ content: 'said 1', ...untouched }]);
    expect(last).toMatchObject({ total_count: MESSAGES, data: [{ sequence: MESSAGES, ...untouched }] });
  });

  it('does what the second edition does', async () => {
    const ada = app.as({ tenant: TENANT });
    const path = `/conversations/${old}`;
    const { body: page } = await ada.get(`${path}/messages`, { query: { page_size: 1 } });

    const named = { message_from: 'user', content: 'x', external_id: 'x', expected_last_sequence: MESSAGES };
    expect((await ada.post(`${path}/messages`, named)).body.sequence).toBe(MESSAGES + 1);
    const fork = await ada.post(`${path}/fork`, { up_to_sequence: 2 });
    expect(fork.body).toMatchObject({ message_count: 2, topic: 'Before' });
    const redacted = await ada.post(`${path}/messages/${page.data[0].id}/redact`);
    expect(redacted.body).toMatchObject({ content: '', version: 2 });
    expect((await ada.post('/conversations', { user_id: 'x'.repeat(255) })).status).toBe(201);
  });

  it('has nothing left to migrate', async () => {
    const again = await openDataSource(await dataSourceOptions(config));
    expect(await runMigrations(again)).toEqual([]);
    await again.destroy();
  });
});
