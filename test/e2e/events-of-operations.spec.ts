import { describe, expect, it } from '@jest/globals';
import { ApiKeysService } from '../../src/auth/api-keys.service.js';
import { createTestApp } from '../support/create-test-app.js';
import { addressOf, byId, OPERATIONS } from '../support/operations.js';
import { until } from '../support/until.js';

const { app, as } = await createTestApp();
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

interface Event {
  type: string;
  actor: { id: string; name: string | null; role: string | null };
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
      const { apiKey, secret } = await app.get(ApiKeysService).create({
        name: `key of ${id}`,
        tenantId: TENANT,
        tenantUnitId: null,
        scopes: [...scopes],
        expiresTime: null,
      });
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
});
