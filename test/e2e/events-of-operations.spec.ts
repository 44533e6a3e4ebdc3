import { describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { ApiKeysService } from '../../src/auth/api-keys.service.js';
import { createTestApp } from '../support/create-test-app.js';
import { addressOf, byId, OPERATIONS } from '../support/operations.js';
import { until } from '../support/until.js';

const { app, as } = await createTestApp();
const development = await createTestApp({ environment: { AUTH_MODE: 'none' } });
const HELLO = { message_from: 'user', content: 'Hello' };
const TENANT = 'acme';
const reader = as({ tenant: TENANT });

/** The types of the events that an operation leaves, with the body of its first example; of most one. */
const TYPES: Record<string, string[]> = {
  createConversation: ['conversation.created'],
  updateConversation: ['conversation.updated'],
  deleteConversation: ['conversation.deleted'],
  updateConversationStatus: ['conversation.status_changed'],
  forkConversation: ['conversation.created', 'message.created'],
  appendMessage: ['message.created'],
  appendMessages: ['message.created'],
  updateMessage: ['message.updated'],
  redactMessage: ['message.redacted'],
};
const WRITING = OPERATIONS.filter(({ scope, method }) => scope === 'conversations:write' && method !== 'GET');

interface Actor {
  id: string;
  name: string | null;
  role: string | null;
}
interface Event {
  type: string;
  data: Record<string, unknown>;
  actor: Actor;
  request_id: string;
}
async function eventsOf(request_id: string): Promise<Event[]> {
  let found: Event[] = [];
  await until('its events are there', async () => {
    const { body } = await reader.get('/events', { query: { limit: '1000' } });
    found = body.data.filter((event: Event) => event.request_id === request_id);
    return found.length > 0;
  });
  return found;
}
function newKey(name: string) {
  return app.get(ApiKeysService).create({
    name,
    tenantId: TENANT,
    tenantUnitId: null,
    scopes: ['conversations:write'],
    expiresTime: null,
  });
}
async function newThing() {
  const { body } = await reader.post('/conversations', { messages: [HELLO] });
  const { body: page } = await reader.get(`/conversations/${body.id}/messages`);
  return { conversation_id: String(body.id), message_id: String(page.data[0].id) };
}

describe('the record of who changed what', () => {
  it('knows all operations that write', () => {
    expect(WRITING.map(({ id }) => id).toSorted()).toEqual(Object.keys(TYPES).toSorted());
  });

  describe.each([
    ['a user', false],
    ['an API key', true],
  ])('by %s', (_, isKey) => {
    it.each(byId(WRITING))('has %s with its author', async (id, operation) => {
      const path = addressOf(operation, await newThing()).replace(/^\/admin\/api\/v2/, '');
      const scopes = ['conversations:write'] as const;
      const user = { sub: `the user of ${id}`.replaceAll(' ', '-'), name: 'Ada', role: 'editor' };
      const { apiKey, secret } = await newKey(`key of ${id}`);
      const client = isKey ? as() : as({ tenant: TENANT, ...user, scopes });

      const answer = await client.send(operation.method, path, operation.body, {
        headers: isKey ? { 'x-api-key': secret } : {},
      });

      expect(answer.status).toBeLessThan(300);
      const events = await eventsOf(answer.headers['x-request-id'] ?? '');
      expect(new Set(events.map(({ type }) => type))).toEqual(new Set(TYPES[id]));
      const actor = isKey
        ? { id: apiKey.id, name: apiKey.name, role: null }
        : { id: user.sub, name: user.name, role: user.role };
      expect(events.map((event) => event.actor)).toEqual(events.map(() => actor));
    });
  });

  describe('of messages that were committed together', () => {
    const TOGETHER = 20;
    interface Sender {
      actor: Actor;
      append: (path: string) => ReturnType<typeof reader.post>;
    }

    it('has each with its own author and request: users by their tokens, services by their keys', async () => {
      const users = ['ada', 'bob'].map((sub): Sender => {
        const actor = { id: sub, name: `Name of ${sub}`, role: 'editor' };
        const client = as({ tenant: TENANT, sub, name: actor.name, role: actor.role });
        return { actor, append: (path) => client.post(path, HELLO) };
      });
      const keys = await Promise.all(['bot', 'billing'].map(newKey));
      const services = keys.map(({ apiKey: { id, name }, secret }): Sender => ({
        actor: { id, name, role: null },
        append: (path) => as().post(path, HELLO, { headers: { 'x-api-key': secret } }),
      }));

      await expectOwn({ app, reader, tenant: TENANT }, [...users, ...services]);
    });

    it('has each with its own request in development, where all are one', async () => {
      const anybody = development.as();
      const tenant = String((await anybody.post('/conversations')).body.tenant_id);
      const actor = { id: 'local-developer', name: 'Local developer', role: 'developer' };

      await expectOwn({ app: development.app, reader: anybody, tenant }, [
        { actor, append: (path) => anybody.post(path, HELLO) },
      ]);
    });

    async function expectOwn(
      place: { app: typeof app; reader: typeof reader; tenant: string },
      senders: readonly Sender[],
    ) {
      const { body } = await place.reader.post('/conversations');
      const path = `/conversations/${body.id}/messages`;
      const query = { conversation_id: String(body.id) };

      const answers = await Promise.all(
        Array.from({ length: TOGETHER }, async (_, n) => {
          const sender = senders[n % senders.length];
          const answer = await sender?.append(path);
          return [answer?.body.id, sender?.actor, answer?.headers['x-request-id']];
        }),
      );

      let events: Event[] = [];
      await until('all are there', async () => {
        events = (await place.reader.get('/events', { query })).body.data.slice(1);
        return events.length === TOGETHER;
      });
      expect(events.map(({ data }) => data['sequence'])).toEqual(
        Array.from({ length: TOGETHER }, (_, n) => n + 1),
      );
      const told = events.map(({ data, actor, request_id }) => [data['message_id'], actor, request_id]);
      expect(told).toEqual(expect.arrayContaining(answers));
      // A row tells of what was committed together.
      const rows: unknown[] = await place.app
        .get(DataSource)
        .query(`SELECT position FROM event WHERE tenant_id = ? AND conversation_id = ?`, [
          place.tenant,
          body.id,
        ]);
      expect(rows.length).toBeLessThan(TOGETHER);
    }
  });
});
