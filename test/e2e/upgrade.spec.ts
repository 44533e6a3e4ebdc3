import { deflateRawSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '../../src/common/ids.js';
import { loadConfig } from '../../src/config/load-config.js';
import { dataSourceOptions, openDataSource } from '../../src/database/engines/data-source.js';
import { runMigrations } from '../../src/database/schema/migrate.js';
import { createTestApp } from '../support/create-test-app.js';
import { insertAll, type Row } from '../support/tenant-rows.js';
import { createTestDatabase } from '../support/test-database.js';

const CONVERSATIONS = 30;
const MESSAGES = 20;
const TIME = '2026-01-31 08:00:00.000';
const authorship = {
  created_time: TIME,
  updated_time: TIME,
  created_by: 'ada',
  created_by_name: 'Ada',
  created_by_role: null,
  updated_by: 'ada',
  updated_by_name: 'Ada',
  updated_by_role: null,
};

const conversations: Row[] = Array.from({ length: CONVERSATIONS }, (_, n) => ({
  tenant_id: 'acme',
  id: newId(),
  tenant_unit_id: n % 3 === 0 ? 'north' : null,
  topic: `Topic ${n}`,
  status: 'running',
  agent_id: 'agent',
  agent_mode: null,
  agent_type: null,
  assignment_id: null,
  user_id: 'ada',
  invoke_from: null,
  inputs: '{}',
  extend_properties: '{"n":1}',
  message_count: MESSAGES,
  version: MESSAGES + 1,
  ...authorship,
}));
const messages: Row[] = conversations.flatMap(({ id, tenant_unit_id }) =>
  Array.from({ length: MESSAGES }, (_, n) => ({
    tenant_id: 'acme',
    conversation_id: id,
    sequence: n + 1,
    id: newId(),
    tenant_unit_id,
    message_from: 'user',
    content: `Message ${n + 1}`,
    run_id: null,
    agent_id: null,
    user_id: 'ada',
    requested_time: TIME,
    input_tokens: 1,
    answer_tokens: 2,
    total_tokens: 3,
    feedback: null,
    metadata: '{}',
    version: 1,
    ...authorship,
  })),
);
const counts: Row[] = [null, 'north'].map((unit) => ({
  tenant_id: 'acme',
  agent_id: 'agent',
  status: 'running',
  tenant_unit_id: unit ?? '',
  shard: 0,
  total: conversations.filter(({ tenant_unit_id }) => tenant_unit_id === unit).length,
}));
const answer = (id: string, status: number, body: object): Row => ({
  tenant_id: 'acme',
  id,
  tenant_unit_id: null,
  fingerprint: 'f',
  status,
  headers: '{"etag":"\\"1\\""}',
  body: deflateRawSync(JSON.stringify(body)),
  expires_time: '2099-01-01 00:00:00.000',
});
const conversationId = String(conversations[0]?.['id']);
const answers: Row[] = [
  answer('conversation', 201, { id: conversationId, topic: 'kept text' }),
  answer('message', 201, { id: 'm', conversation_id: conversationId, sequence: 3, content: 'kept text' }),
  answer('batch', 201, {
    data: [4, 5].map((sequence) => ({ conversation_id: conversationId, sequence, content: 'kept text' })),
  }),
  answer('failure', 422, { code: 'validation_failed', detail: 'kept text' }),
];

/** A database as the release before has it, filled, and then brought to the newest. */
async function upgraded(): Promise<{ url: string; drop: () => Promise<void>; keys: Row[] }> {
  const database = await createTestDatabase();
  const { database: config } = loadConfig({ environment: { DATABASE_URL: database.url } });
  const options = await dataSourceOptions(config);
  const [initial] = Array.isArray(options.migrations) ? options.migrations : [];
  if (!initial) throw new Error('There is no first migration.');
  const before = await openDataSource({ ...options, migrations: [initial] });
  await runMigrations(before);
  for (const [table, rows] of Object.entries({
    conversation: conversations,
    message: messages,
    conversation_count: counts,
    idempotency_record: answers,
  }))
    await insertAll(before, table, rows);
  await before.destroy();
  const after = await openDataSource(options);
  await runMigrations(after);
  const keys: Row[] = await after.query('SELECT * FROM idempotency_record ORDER BY id');
  await after.destroy();
  return { ...database, keys };
}

const database = await upgraded();
const { as } = await createTestApp({ databaseUrl: database.url });
const ada = as({ tenant: 'acme', sub: 'ada' });
afterAll(() => database.drop());

describe('a database of the first release, brought to the newest', () => {
  let list: Row[];
  beforeAll(async () => {
    list = (await ada.get('/conversations', { query: { page_size: '200' } })).body.data;
  });

  it('has all its conversations', () => {
    expect(list.map(({ id, topic, message_count }) => ({ id, topic, message_count }))).toEqual(
      conversations.map(({ id, topic, message_count }) => ({ id, topic, message_count })).reverse(),
    );
  });

  it('has their messages, and takes more', async () => {
    const path = `/conversations/${conversationId}/messages`;
    const appended = await ada.post(path, { message_from: 'agent', content: 'More' });
    expect(appended.body).toMatchObject({ sequence: MESSAGES + 1, total_tokens: 0 });
    const { body } = await ada.get(path, { query: { page_size: '200' } });
    expect(body.data.map(({ content }: Row) => content)).toEqual([
      ...messages.slice(0, MESSAGES).map(({ content }) => content),
      'More',
    ]);
  });

  it('keeps what was done under a key, and no text of it', () => {
    expect(
      database.keys.map(({ id, done_id, done_sequences, body }) => [
        id,
        done_id,
        done_sequences,
        String(body),
      ]),
    ).toEqual([
      ['batch', conversationId, '4,5', ''],
      ['conversation', conversationId, '', ''],
      ['message', conversationId, '3', ''],
    ]);
  });
});
