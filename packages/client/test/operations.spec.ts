import { describe, expect, it } from '@jest/globals';
import type { Events } from '../src/events.js';
import type { Webhooks } from '../src/webhooks.js';
import { ConflictError, NotFoundError, PreconditionFailedError, ValidationError } from '../src/errors.js';
import { OPERATIONS } from '../../../test/support/operations.js';
import { caught } from './support/caught.js';
import { startService, watchAttempts } from './support/service.js';

const service = await startService();
const { conversations } = service.client();
const { messages } = conversations;

describe('conversations', () => {
  it('are created, read, changed and deleted', async () => {
    const created = await conversations.create({ topic: 'A table for two', user_id: 'ada' });

    const updated = await conversations.update(created.id, { topic: 'A table for three' });
    const completed = await conversations.setStatus(created.id, { status: 'completed' });

    expect([created.topic, updated.topic, completed.status]).toEqual([
      'A table for two',
      'A table for three',
      'completed',
    ]);
    expect(await conversations.get(created.id)).toEqual(completed);
    await conversations.delete(created.id);
    expect(await caught(conversations.get(created.id))).toBeInstanceOf(NotFoundError);
  });

  it('are read through to the end, page by page', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) ids.push((await conversations.create({ assignment_id: 'walk' })).id);
    const { attempts, onAttempt } = watchAttempts();
    const list = () =>
      service
        .client({ onAttempt })
        .conversations.list({ assignment_id: 'walk', order: 'oldest', page_size: 2 });

    const seen: string[] = [];
    for await (const { id } of list()) seen.push(id);

    expect(seen).toEqual(ids);
    expect(attempts).toHaveLength(3);
    expect((await list()).total_count).toBe(5);
    expect((await list().toArray(3)).map(({ id }) => id)).toEqual(ids.slice(0, 3));
    expect(await list().toArray(0)).toEqual([]);
    const sizes: number[] = [];
    for await (const { data } of list().pages()) sizes.push(data.length);
    expect(sizes).toEqual([2, 2, 1]);
  });

  it('are exported as lines, as they arrive', async () => {
    const { id } = await conversations.create({ assignment_id: 'export' });
    await messages.append(id, { message_from: 'user', content: 'Kept.' });

    const stream = await conversations.export({ assignment_id: 'export' });

    const lines = (await new Response(stream).text()).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as object)).toEqual([
      { format: 'colloquy/1', events_after: expect.any(String) },
      expect.objectContaining({ id, messages: [expect.objectContaining({ content: 'Kept.' })] }),
      { conversations: 1, messages: 1, events_after: expect.any(String) },
    ]);
  });

  it('are asked for by several values, and by dates', async () => {
    const before = new Date(Date.now() - 60_000);
    const { id } = await conversations.create({ assignment_id: 'filters', status: 'paused' });

    const found = (status: 'paused' | 'failed') =>
      conversations
        .list({ assignment_id: 'filters', statuses: ['queued', status], created_after: before })
        .toArray();

    expect((await found('paused')).map((one) => one.id)).toEqual([id]);
    expect(await found('failed')).toEqual([]);
  });
});

describe('a name', () => {
  const named = { external_id: 'order-7/ada@example.org', if_exists: 'return' as const };

  it('finds a conversation again, whoever was first', async () => {
    const created = await Promise.all([1, 2, 3].map(() => conversations.create(named)));

    expect(new Set(created.map(({ id }) => id)).size).toBe(1);
    expect(await conversations.list({ external_id: named.external_id }).toArray()).toEqual([created[0]]);
  });

  it('of a message is there once', async () => {
    const { id } = await conversations.create();
    const append = () =>
      messages.append(id, {
        message_from: 'user',
        content: 'Hello',
        external_id: 'm-1',
        if_exists: 'return',
      });

    expect((await append()).id).toBe((await append()).id);
    expect((await messages.list(id, { external_id: 'm-1' })).total_count).toBe(1);
  });
});

describe('a fork', () => {
  it('begins with what was said, and goes its own way', async () => {
    const { id } = await conversations.create({
      messages: ['One', 'Two'].map((content) => ({ message_from: 'user', content })),
    });

    const fork = await conversations.fork(id, { up_to_sequence: 1 });
    await messages.append(fork.id, { message_from: 'user', content: 'Another' });

    expect(fork.forked_from).toEqual({ conversation_id: id, sequence: 1 });
    const contents = async (one: string) =>
      (await messages.list(one).toArray()).map(({ content }) => content);
    expect(await contents(fork.id)).toEqual(['One', 'Another']);
    expect(await contents(id)).toEqual(['One', 'Two']);
  });
});

describe('messages', () => {
  it('have parts, are hidden, and are redacted', async () => {
    const { id } = await conversations.create();
    const said = await messages.append(id, {
      message_from: 'agent',
      parts: [{ type: 'text', text: 'My number is 555.' }],
    });

    const hidden = await messages.update(id, said.id, { hidden: true });
    const redacted = await messages.redact(id, said.id);

    expect([said.content, hidden.hidden]).toEqual(['My number is 555.', true]);
    expect(redacted).toMatchObject({ content: '', parts: null, redacted_time: expect.any(String) });
    expect((await messages.list(id, { omit: ['parts'] }).toArray())[0]?.parts).toBeNull();
  });

  it('are appended on a condition: whoever is late is told', async () => {
    const { id } = await conversations.create();
    const answer = () =>
      messages.append(id, { message_from: 'agent', content: 'Yes.', expected_last_sequence: 0 });
    await answer();

    const error = await caught(answer());

    expect(error).toMatchObject({ code: 'sequence_conflict', problem: { last_sequence: 1 } });
  });

  it('are appended, alone and together, read and annotated', async () => {
    const { id } = await conversations.create();

    const hello = await messages.append(id, { message_from: 'user', content: 'Hello', run_id: undefined });
    const { data } = await messages.appendAll(id, {
      messages: [
        { message_from: 'tool', content: '{"free": 3}', requested_time: new Date(0) },
        { message_from: 'agent', content: 'Inside or outside?' },
      ],
    });
    const liked = await messages.update(id, hello.id, { feedback: 'good' });

    expect(data.map(({ sequence }) => sequence)).toEqual([2, 3]);
    expect(data[0]?.requested_time).toBe('1970-01-01T00:00:00.000Z');
    expect(await messages.get(id, hello.id)).toEqual(liked);
    expect(await messages.list(id).toArray()).toEqual([liked, ...data]);
  });

  it('are read through in both orders, also from the middle', async () => {
    const { id } = await conversations.create();
    const contents = Array.from({ length: 7 }, (_, i) => `${i + 1}`);
    await messages.appendAll(id, {
      messages: contents.map((content) => ({ message_from: 'user', content })),
    });
    const read = async (query: Parameters<typeof messages.list>[1]) =>
      (await messages.list(id, { page_size: 2, ...query }).toArray()).map(({ content }) => content).join('');

    expect(await read({})).toBe('1234567');
    expect(await read({ order: 'recent' })).toBe('7654321');
    expect(await read({ page: 2 })).toBe('34567');
    expect(await read({ after_sequence: 4 })).toBe('567');
    expect(await read({ order: 'recent', before_sequence: 4 })).toBe('321');
  });
});

describe('an answer', () => {
  it('tells its ETag, with which a change is refused after somebody else has made one', async () => {
    const created = await conversations.create().withResponse();
    const ifMatch = created.etag ?? '';
    await conversations.update(created.data.id, { topic: 'Theirs' }, { ifMatch });

    const refused = await caught(conversations.update(created.data.id, { topic: 'Mine' }, { ifMatch }));

    expect([created.status, created.attempts, created.replayed]).toEqual([201, 1, false]);
    expect(refused).toBeInstanceOf(PreconditionFailedError);
    expect(refused).toMatchObject({ code: 'precondition_failed' });
  });

  it('to the same key is the same', async () => {
    const send = () => conversations.create({ topic: 'Once' }, { idempotencyKey: 'once' }).withResponse();

    const [first, second] = [await send(), await send()];

    expect([first.replayed, second.replayed]).toEqual([false, true]);
    expect(second.data.id).toBe(first.data.id);
  });

  it('without a key is not remembered: its name says that it is there', async () => {
    const send = () =>
      conversations
        .create({ external_id: 'keyless', if_exists: 'return' }, { idempotencyKey: null })
        .withResponse();

    const [first, second] = [await send(), await send()];

    expect([first.status, second.status, second.replayed]).toEqual([201, 200, false]);
    expect(second.data.id).toBe(first.data.id);
  });
});

describe('a problem', () => {
  it('is an error with its code, its faults and the id of the request', async () => {
    const { id } = await conversations.create();

    const error = await caught(
      messages.append(
        id,
        { message_from: 'user', content: 'x', input_tokens: -1 },
        { requestId: 'my-request' },
      ),
    );

    expect(error).toBeInstanceOf(ValidationError);
    expect(error).toMatchObject({
      name: 'ValidationError',
      status: 422,
      code: 'validation_failed',
      requestId: 'my-request',
      faults: [{ pointer: '/input_tokens' }],
    });
    expect(String(error)).toContain('/input_tokens');
  });

  it('keeps what its code adds', async () => {
    const { id } = await conversations.create({ status: 'cancelled' });

    const error = await caught(
      conversations.setStatus(id, { status: 'completed', expected_status: 'running' }),
    );

    expect(error).toBeInstanceOf(ConflictError);
    expect(error).toMatchObject({ code: 'status_conflict', problem: { current_status: 'cancelled' } });
  });

  it('of another tenant is that of what does not exist', async () => {
    const { id } = await conversations.create();
    const stranger = service.client({ tenantId: 'other' }).conversations;

    expect(await caught(stranger.get(id))).toMatchObject({ status: 403, code: 'tenant_forbidden' });
  });
});

describe('webhooks', () => {
  it('are made, tried, changed, listed and deleted', async () => {
    const { webhooks } = service.client();
    const made = await webhooks.create({ url: 'https://receiver.example/hook', types: ['message.created'] });

    const { secret } = await webhooks.rotateSecret(made.id);
    const disabled = await webhooks.update(made.id, { enabled: false });
    const refused = await caught(webhooks.replay(made.id, { after: 'earliest' }));

    expect([made.secret, secret]).toEqual([
      expect.stringMatching(/^whsec_/),
      expect.stringMatching(/^whsec_/),
    ]);
    expect(disabled).toMatchObject({ enabled: false, disabled_reason: 'requested' });
    expect(refused).toMatchObject({ code: 'webhook_disabled' });
    expect((await webhooks.list().toArray()).map(({ id }) => id)).toEqual([made.id]);
    expect(await webhooks.attempts(made.id).toArray()).toEqual([]);
    await webhooks.delete(made.id);
    expect(await caught(webhooks.get(made.id))).toMatchObject({ code: 'webhook_not_found' });
  });
});

describe('an id', () => {
  it.each(['', '.', '..'])('%j is no id: it would name another resource', async (id) => {
    expect(await caught(conversations.delete(id))).toBeInstanceOf(TypeError);
    expect(await caught(messages.get('x', '../..'))).toMatchObject({ code: 'conversation_not_found' });
  });
});

it('an empty tag is refused: without one the change would have no condition', async () => {
  const { id } = await conversations.create();
  const changed = conversations.update(id, { topic: 'Lost' }, { ifMatch: '' });
  expect(await caught(changed)).toBeInstanceOf(TypeError);
  expect((await conversations.get(id)).topic).not.toBe('Lost');
});

it('there is a method for every operation', () => {
  type Method = keyof typeof conversations | keyof typeof messages | keyof Events | keyof Webhooks;
  const methods: Record<string, Method> = {
    appendMessage: 'append',
    appendMessages: 'appendAll',
    createConversation: 'create',
    createWebhook: 'create',
    deleteConversation: 'delete',
    deleteWebhook: 'delete',
    exportConversations: 'export',
    forkConversation: 'fork',
    getConversation: 'get',
    getMessage: 'get',
    getWebhook: 'get',
    listConversations: 'list',
    listEvents: 'list',
    listMessages: 'list',
    listWebhookAttempts: 'attempts',
    listWebhooks: 'list',
    redactMessage: 'redact',
    replayEvents: 'replay',
    rotateWebhookSecret: 'rotateSecret',
    testWebhook: 'test',
    updateConversation: 'update',
    updateConversationStatus: 'setStatus',
    updateMessage: 'update',
    updateWebhook: 'update',
  };

  expect(Object.keys(methods)).toEqual(OPERATIONS.map(({ id }) => id).sort());
});
