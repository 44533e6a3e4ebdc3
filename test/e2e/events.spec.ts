import { describe, expect, it } from '@jest/globals';
import { createTestApp } from '../support/create-test-app.js';
import { UUID } from '../support/samples.js';
import { until } from '../support/until.js';

interface Event {
  id: string;
  type: string;
  time: string;
  conversation_id: string;
  tenant_unit_id: string | null;
  version: number;
  data: Record<string, unknown>;
  actor: { id: string; name: string | null; role: string | null };
  request_id: string | null;
}

const { as } = await createTestApp();
let tenants = 0;
/** A tenant of its own for each story. */
function newTenant() {
  const tenant = `tenant-${++tenants}`;
  const scopes = ['conversations:read', 'conversations:write', 'events:read'];
  return {
    tenant,
    ada: as({ tenant, sub: 'ada', scopes }),
    bob: as({ tenant, sub: 'bob', scopes }),
    inUnit: (unit: string) => as({ tenant, sub: 'nora', unit, scopes }),
  };
}
type Client = ReturnType<typeof as>;

const read = async (client: Client, query: Record<string, string> = {}) => {
  const { status, body } = await client.get('/events', { query });
  expect([status, body.code]).toEqual([200, undefined]);
  return body as { data: Event[]; next_after: string; has_more: boolean };
};
/** All events, when there are so many. */
async function eventsOf(client: Client, count: number, query: Record<string, string> = {}): Promise<Event[]> {
  let events: Event[] = [];
  const there = until(
    `${count} events are there`,
    async () => {
      events = (await read(client, { limit: '1000', ...query })).data;
      return events.length >= count;
    },
    10_000,
  );
  // Fewer are told as what they are.
  await there.catch(() => undefined);
  expect(events).toHaveLength(count);
  return events;
}
const positionsOf = (events: readonly Event[]) => events.map(({ id }) => Number(id.split('-')[1]));
const hello = (content = 'Hello') => ({ message_from: 'user', content });

describe('the feed', () => {
  it('tells of each change, in order, with whose doing it was and by which request', async () => {
    const { ada, bob } = newTenant();
    const created = await ada.post('/conversations', { agent_id: 'helper' });
    const path = `/conversations/${created.body.id}`;
    const message = await bob.post(`${path}/messages`, { ...hello(), run_id: 'run-1', input_tokens: 3 });
    await bob.post(`${path}/messages/batch`, { messages: [hello('a'), hello('b')] });
    await ada.patch(path, { topic: 'Changed' });
    await ada.patch(`${path}/status`, { status: 'completed' });
    await ada.patch(`${path}/messages/${message.body.id}`, { feedback: 'good' });
    await bob.delete(path);

    const events = await eventsOf(ada, 8);

    expect(positionsOf(events)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(events.map(({ type, version, actor }) => [type, version, actor.id])).toEqual([
      ['conversation.created', 1, 'ada'],
      ['message.created', 1, 'bob'],
      ['message.created', 1, 'bob'],
      ['message.created', 1, 'bob'],
      ['conversation.updated', 4, 'ada'],
      ['conversation.status_changed', 5, 'ada'],
      ['message.updated', 2, 'ada'],
      ['conversation.deleted', 6, 'bob'],
    ]);
    expect(events.map(({ data }) => data)).toEqual([
      { status: 'running', agent_id: 'helper', forked_from: null },
      {
        message_id: message.body.id,
        sequence: 1,
        message_from: 'user',
        agent_id: 'helper',
        run_id: 'run-1',
        input_tokens: 3,
        answer_tokens: 0,
        total_tokens: 3,
      },
      expect.objectContaining({ sequence: 2 }),
      expect.objectContaining({ sequence: 3 }),
      { members: ['topic'] },
      { status: 'completed', previous_status: 'running' },
      { message_id: message.body.id, sequence: 1 },
      {},
    ]);
    expect(events[1]).toEqual({
      id: expect.stringMatching(/^[0-9a-z]+-2$/),
      type: 'message.created',
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      conversation_id: created.body.id,
      tenant_id: created.body.tenant_id,
      tenant_unit_id: null,
      version: 1,
      data: expect.any(Object),
      actor: { id: 'bob', name: null, role: null },
      request_id: message.headers['x-request-id'],
    });
    expect(events[0]?.request_id).toMatch(UUID);
  });

  it('tells of conversations that begin with messages, forks, history, hiding and redaction', async () => {
    const { tenant } = newTenant();
    const scopes = ['conversations:read', 'conversations:write', 'conversations:import', 'events:read'];
    const ada = as({ tenant, sub: 'ada', scopes });
    const { body } = await ada.post('/conversations', {
      created_time: '2020-01-31T08:00:00Z',
      messages: [
        { ...hello('a'), created_time: '2020-01-31T08:00:00Z' },
        { ...hello('b'), created_time: '2020-01-31T08:00:00Z', external_id: 'name' },
      ],
    });
    const path = `/conversations/${body.id}`;
    await ada.post(`${path}/messages`, { ...hello('c'), created_time: '2020-02-01T08:00:00Z' });
    await ada.post(`${path}/messages`, { ...hello('b'), external_id: 'name', if_exists: 'return' });
    await ada.post(`${path}/messages`, { ...hello('d'), expected_last_sequence: 7 });
    const { body: fork } = await ada.post(`${path}/fork`, { up_to_sequence: 2 });
    const { body: list } = await ada.get(`${path}/messages`);
    const message = `${path}/messages/${list.data[0].id}`;
    await ada.patch(message, { hidden: true });
    await ada.post(`${message}/redact`);
    await ada.post(`${message}/redact`);
    await ada.patch(path, { topic: 'Other', extend_properties: { a: 1 } });

    const events = await eventsOf(ada, 10);

    const told = events.map(({ type, conversation_id, version, data }) => [
      type,
      conversation_id === fork.id ? 'fork' : 'source',
      version,
      data['sequence'],
    ]);
    expect(told).toEqual([
      ['conversation.created', 'source', 1, undefined],
      ['message.created', 'source', 1, 1],
      ['message.created', 'source', 1, 2],
      ['message.created', 'source', 1, 3],
      ['conversation.created', 'fork', 1, undefined],
      ['message.created', 'fork', 1, 1],
      ['message.created', 'fork', 1, 2],
      ['message.updated', 'source', 2, 1],
      ['message.redacted', 'source', 3, 1],
      ['conversation.updated', 'source', 3, undefined],
    ]);
    expect(events[4]?.data['forked_from']).toEqual({ conversation_id: body.id, sequence: 2 });
    expect(events[9]?.data).toEqual({ members: ['topic', 'extend_properties'] });
    const { body: copies } = await ada.get(`/conversations/${fork.id}/messages`);
    expect(events.slice(5, 7).map(({ data }) => data['message_id'])).toEqual(
      copies.data.map(({ id }: { id: string }) => id),
    );
    expect(Date.now() - Date.parse(events[0]?.time ?? '')).toBeLessThan(600_000);
  });

  it('says nothing of what changed nothing, failed or was replayed', async () => {
    const { ada } = newTenant();
    const key = { headers: { 'idempotency-key': 'once' } };
    const { body } = await ada.post('/conversations', {}, key);
    await ada.post('/conversations', {}, key);
    const path = `/conversations/${body.id}`;
    await ada.patch(path, { topic: 'New Conversation' });
    await ada.patch(`${path}/status`, { status: 'running' });
    await ada.patch(`${path}/status`, {});
    await ada.patch(`${path}/status`, { status: 'failed', expected_status: 'paused' });
    await ada.post(`${path}/messages`, { message_from: 'nobody', content: '' });
    await ada.post(`${path}/messages`, hello());

    const events = await eventsOf(ada, 2);
    expect(events.map(({ type }) => type)).toEqual(['conversation.created', 'message.created']);
  });

  it('holds no word of what was said', async () => {
    const { ada } = newTenant();
    const { body } = await ada.post('/conversations', {
      topic: 'SECRET',
      user_id: 'SECRET',
      inputs: { SECRET: 'SECRET' },
    });
    const path = `/conversations/${body.id}`;
    const { body: message } = await ada.post(`${path}/messages`, {
      ...hello('SECRET'),
      metadata: { SECRET: 1 },
    });
    await ada.patch(path, { topic: 'SECRET 2' });
    await ada.patch(`${path}/messages/${message.id}`, { feedback: 'SECRET', metadata: { SECRET: 2 } });

    expect(JSON.stringify(await eventsOf(ada, 4))).not.toContain('SECRET');
  });
});

describe('reading on', () => {
  it('goes from page to page, each event once', async () => {
    const { ada } = newTenant();
    const { body } = await ada.post('/conversations');
    const messages = Array.from({ length: 450 }, (_, n) => hello(String(n)));
    await ada.post(`/conversations/${body.id}/messages/batch`, { messages });
    await eventsOf(ada, 451);

    const seen: Event[] = [];
    let after = 'earliest';
    for (;;) {
      const page = await read(ada, { after, limit: '7' });
      seen.push(...page.data);
      after = page.next_after;
      if (!page.has_more) break;
      expect(page.data).toHaveLength(7);
    }

    expect(positionsOf(seen)).toEqual(Array.from({ length: 451 }, (_, n) => n + 1));
    expect(after).toBe(seen.at(-1)?.id);
    expect(await read(ada, { after })).toEqual({ data: [], next_after: after, has_more: false });
  });

  it('starts at the present, also where nothing has happened', async () => {
    const { ada } = newTenant();
    const { next_after } = await read(ada, { after: 'latest' });
    expect(next_after).toMatch(/^[0-9a-z]+-0$/);

    await ada.post('/conversations');
    await eventsOf(ada, 1);

    expect((await read(ada, { after: next_after })).data).toHaveLength(1);
    expect((await read(ada, { after: 'latest' })).next_after).toMatch(/-1$/);
    expect((await read(ada, { after: 'latest' })).data).toEqual([]);
  });

  it('goes on where everything was filtered away', async () => {
    const { ada } = newTenant();
    const { body: first } = await ada.post('/conversations');
    const { body: second } = await ada.post('/conversations');
    await ada.delete(`/conversations/${second.id}`);
    await eventsOf(ada, 3);

    const none = await read(ada, { types: 'message.updated,message.redacted' });
    const deleted = await read(ada, { types: 'conversation.deleted' });
    const ofFirst = await read(ada, { conversation_id: first.id });
    const ofNobody = await read(ada, { conversation_id: 'never-was' });

    expect(none).toEqual({ data: [], next_after: expect.stringMatching(/-3$/), has_more: false });
    expect(deleted.data.map(({ conversation_id }) => conversation_id)).toEqual([second.id]);
    expect(ofFirst.data).toHaveLength(1);
    expect(ofNobody).toEqual({ data: [], next_after: expect.stringMatching(/-3$/), has_more: false });
    // One that waits is told where the end is, and comes again.
    expect(await read(ada, { types: 'message.updated', wait: '5' })).toEqual({ ...none, has_more: true });
  });

  it.each([
    [{ types: 'message.deleted' }, 'types'],
    [{ after: 'yesterday' }, 'after'],
    [{ limit: '0' }, 'limit'],
    [{ limit: '1001' }, 'limit'],
    [{ wait: '31' }, 'wait'],
    [{ since: 'x' }, 'since'],
  ])('refuses %j', async (query, parameter) => {
    const { status, body } = await newTenant().ada.get('/events', { query });
    expect([status, body.errors]).toEqual([422, [expect.objectContaining({ parameter })]]);
  });

  it('is told where to start anew when the id is of another epoch or past the end', async () => {
    const { ada } = newTenant();
    await ada.post('/conversations');
    const [event] = await eventsOf(ada, 1);
    const [epoch = ''] = event?.id.split('-') ?? [];

    for (const after of ['0000000000-1', `${epoch}-2`]) {
      const { status, body } = await ada.get('/events', { query: { after } });
      expect([status, body.code, body.earliest]).toEqual([410, 'events_expired', `${epoch}-0`]);
      expect((await read(ada, { after: body.earliest })).data).toEqual([event]);
    }
  });

  it('needs a scope of its own', async () => {
    const { tenant } = newTenant();
    const reader = as({ tenant, scopes: ['conversations:read', 'conversations:write'] });
    expect((await reader.get('/events')).body.code).toBe('insufficient_scope');
  });
});

describe('a unit', () => {
  it('sees its own events only, at the positions that they have for all', async () => {
    const { ada, inUnit } = newTenant();
    const north = inUnit('north');
    await ada.post('/conversations');
    const { body } = await north.post('/conversations');
    await ada.post('/conversations', {}, { query: { tenant_unit_id: 'south' } });
    await north.post(`/conversations/${body.id}/messages`, hello());
    await eventsOf(ada, 4);

    const page = await read(north);

    expect(positionsOf(page.data)).toEqual([2, 4]);
    expect(page.data.map(({ tenant_unit_id }) => tenant_unit_id)).toEqual(['north', 'north']);
    expect((await read(inUnit('east'))).next_after).toMatch(/-4$/);
    expect((await read(ada, { tenant_unit_id: 'south' })).data).toHaveLength(1);
  });
});

describe('waiting', () => {
  it('ends when something comes', async () => {
    const { ada } = newTenant();
    const { next_after: after } = await read(ada, { after: 'latest' });
    const waiting = read(ada, { after, wait: '30' });

    await ada.post('/conversations');

    expect((await waiting).data.map(({ type }) => type)).toEqual(['conversation.created']);
  });

  it('goes on where what comes is filtered away', async () => {
    const { ada } = newTenant();
    const { next_after: after } = await read(ada, { after: 'latest' });
    const waiting = read(ada, { after, wait: '30', types: 'conversation.deleted' });

    const { body } = await ada.post('/conversations');
    await ada.delete(`/conversations/${body.id}`);

    expect((await waiting).data.map(({ type }) => type)).toEqual(['conversation.deleted']);
  });

  it('ends with nothing when its time is over', async () => {
    const { ada } = newTenant();
    const { next_after: after } = await read(ada, { after: 'latest' });
    expect(await read(ada, { after, wait: '1' })).toEqual({ data: [], next_after: after, has_more: false });
  });
});
