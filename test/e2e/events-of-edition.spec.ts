import { describe, expect, it } from '@jest/globals';
import { createTestApp } from '../support/create-test-app.js';
import { until } from '../support/until.js';

const { as } = await createTestApp();
const scopes = ['conversations:read', 'conversations:write', 'events:read'];
const ada = as({ tenant: 'acme', sub: 'ada', scopes });
const HELLO = { message_from: 'user', content: 'Hello' };

interface Event {
  type: string;
  version: number;
  conversation_id: string;
  data: Record<string, unknown>;
}

/** The events of a conversation, when there are so many. */
async function eventsOf(conversation_id: string, count: number): Promise<Event[]> {
  let events: Event[] = [];
  await until(`${count} events are there`, async () => {
    events = (await ada.get('/events', { query: { conversation_id, limit: '1000' } })).body.data;
    return events.length >= count;
  });
  expect(events).toHaveLength(count);
  return events;
}

describe('the feed', () => {
  it('tells of a conversation that begins with messages, of hiding, and of redaction', async () => {
    const { body } = await ada.post('/conversations', { messages: [HELLO, HELLO], external_id: 'x' });
    const messages = `/conversations/${body.id}/messages`;
    const { body: page } = await ada.get(messages);
    const [first, second] = page.data;
    await ada.post('/conversations', { external_id: 'x', if_exists: 'return' });
    await ada.patch(`${messages}/${first.id}`, { hidden: true });
    await ada.patch(`${messages}/${first.id}`, { hidden: true });
    await ada.post(`${messages}/${second.id}/redact`);
    await ada.post(`${messages}/${second.id}/redact`);
    const named = { ...HELLO, external_id: 'm', if_exists: 'return' };
    await ada.post(messages, named);
    await ada.post(messages, named);
    await ada.post(messages, { ...HELLO, expected_last_sequence: 1 });

    const events = await eventsOf(body.id, 6);

    expect(events.map(({ type, version, data }) => [type, version, data['sequence']])).toEqual([
      ['conversation.created', 1, undefined],
      ['message.created', 1, 1],
      ['message.created', 1, 2],
      ['message.updated', 2, 1],
      ['message.redacted', 2, 2],
      ['message.created', 1, 3],
    ]);
  });

  it('tells of a fork and of each of its messages', async () => {
    const { body: source } = await ada.post('/conversations', { messages: [HELLO, HELLO, HELLO] });
    const { body: fork } = await ada.post(`/conversations/${source.id}/fork`, { up_to_sequence: 2 });
    const { body: page } = await ada.get(`/conversations/${fork.id}/messages`);

    const [created, ...copies] = await eventsOf(fork.id, 3);

    expect(created).toMatchObject({
      type: 'conversation.created',
      data: { status: 'running', forked_from: { conversation_id: source.id, sequence: 2 } },
    });
    expect(copies.map(({ type, data }) => [type, data['message_id'], data['sequence']])).toEqual(
      page.data.map(({ id, sequence }: { id: string; sequence: number }) => [
        'message.created',
        id,
        sequence,
      ]),
    );
  });
});
