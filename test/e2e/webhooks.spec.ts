import { describe, expect, it } from '@jest/globals';
import { createTestApp } from '../support/create-test-app.js';
import { until } from '../support/until.js';

const SCOPES = ['conversations:read', 'conversations:write', 'events:read', 'webhooks:manage'];
const { as } = await createTestApp({ environment: { WEBHOOK_ALLOW: 'hooks.internal' } });
const ada = as({ tenant: 'acme', scopes: SCOPES });
const north = as({ tenant: 'acme', unit: 'north', scopes: SCOPES });
const other = as({ tenant: 'umbrella', scopes: SCOPES });

const URL = 'https://hooks.example.com/colloquy';

async function webhook(client = ada, body: object = { url: URL }) {
  const { status, body: created, headers } = await client.post('/webhooks', body);
  expect(status).toBe(201);
  return { id: String(created.id), path: `/webhooks/${created.id}`, created, etag: String(headers.etag) };
}

describe('a webhook', () => {
  it('is made with a secret that is shown only then', async () => {
    const { created, path } = await webhook(ada, {
      url: URL,
      types: ['message.created', 'conversation.created', 'message.created'],
      description: 'Billing',
    });
    expect(created).toMatchObject({
      url: URL,
      types: ['conversation.created', 'message.created'],
      description: 'Billing',
      enabled: true,
      disabled_reason: null,
      tenant_id: 'acme',
      tenant_unit_id: null,
      created_by: 'ada',
      version: 1,
    });
    expect(created.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    const { body } = await ada.get(path);
    expect(body).toEqual(Object.fromEntries(Object.entries(created).filter(([name]) => name !== 'secret')));
  });

  it('has no secret in an answer that is repeated', async () => {
    const options = { headers: { 'idempotency-key': 'make-one' } };
    const first = await ada.post('/webhooks', { url: URL }, options);
    const again = await ada.post('/webhooks', { url: URL }, options);
    expect([first.status, again.status]).toEqual([201, 201]);
    expect(again.headers['idempotency-replayed']).toBe('true');
    expect(again.body).toEqual({ ...first.body, secret: null });
  });

  it('wants all types of events where none are named', async () => {
    expect((await webhook()).created.types).toBeNull();
    expect((await webhook(ada, { url: URL, types: null })).created.types).toBeNull();
  });

  it.each([
    [{}, '/url'],
    [{ url: '' }, '/url'],
    [{ url: 'hooks.example.com' }, '/url'],
    [{ url: 'http://hooks.example.com/' }, '/url'],
    [{ url: 'https://127.0.0.1/' }, '/url'],
    [{ url: 'https://169.254.169.254/latest' }, '/url'],
    [{ url: 'https://[::ffff:10.0.0.1]/' }, '/url'],
    [{ url: 'https://ada:secret@example.com/' }, '/url'],
    [{ url: URL, types: ['message.deleted'] }, '/types'],
    [{ url: URL, types: [] }, '/types'],
    [{ url: URL, types: 'message.created' }, '/types'],
    [{ url: URL, description: 'x'.repeat(256) }, '/description'],
    [{ url: URL, secret: 'whsec_x' }, '/secret'],
  ])('is refused as %j', async (body, pointer) => {
    const { status, body: problem } = await ada.post('/webhooks', body);
    expect([status, problem.code]).toEqual([422, 'validation_failed']);
    expect(problem.errors.map((fault: { pointer: string }) => fault.pointer)).toEqual([pointer]);
  });

  it('may be private, and by http, where its host is listed', async () => {
    const { created } = await webhook(ada, { url: 'http://hooks.internal:8080/x' });
    expect(created.url).toBe('http://hooks.internal:8080/x');
  });

  it('needs its scopes', async () => {
    const reader = as({ tenant: 'acme', scopes: ['events:read'] });
    const manager = as({ tenant: 'acme', scopes: ['webhooks:manage'] });
    const { path } = await webhook();
    expect((await reader.get(path)).body.code).toBe('insufficient_scope');
    expect((await manager.get(path)).status).toBe(200);
    expect((await manager.post('/webhooks', { url: URL })).body.code).toBe('insufficient_scope');
    expect((await manager.patch(path, { enabled: false })).body.code).toBe('insufficient_scope');
    expect((await manager.delete(path)).status).toBe(204);
  });
});

describe('a change of a webhook', () => {
  it('sets what is given, and grows its version', async () => {
    const { path } = await webhook(ada, { url: URL, types: ['message.created'], description: 'Old' });
    const { status, body, headers } = await ada.patch(path, { description: 'New', types: null });
    expect([status, body.description, body.types, body.version]).toEqual([200, 'New', null, 2]);
    expect(headers.etag).toBe('"2"');
    expect((await ada.patch(path, { description: null })).body.description).toBeNull();
  });

  it('changes nothing where it says what is', async () => {
    const { path, etag } = await webhook(ada, { url: URL, description: 'Same' });
    const { body, headers } = await ada.patch(path, { description: 'Same', enabled: true });
    expect([body.version, headers.etag]).toEqual([1, etag]);
  });

  it('disables and enables', async () => {
    const { path } = await webhook();
    const disabled = await ada.patch(path, { enabled: false });
    expect(disabled.body).toMatchObject({ enabled: false, disabled_reason: 'requested' });
    expect((await ada.patch(path, { enabled: true })).body).toMatchObject({
      enabled: true,
      disabled_reason: null,
      version: 3,
    });
  });

  it('can be made to depend on what was read', async () => {
    const { path, etag } = await webhook();
    await ada.patch(path, { description: 'Changed' });
    const options = { headers: { 'if-match': etag } };
    expect((await ada.patch(path, { description: 'Late' }, options)).body.code).toBe('precondition_failed');
    expect((await ada.delete(path, options)).body.code).toBe('precondition_failed');
    expect((await ada.get(path, { headers: { 'if-none-match': '"2"' } })).status).toBe(304);
  });

  it('gives another secret, once', async () => {
    const { path, created } = await webhook();
    const options = { headers: { 'idempotency-key': `rotate-${created.id}` } };
    const { status, body } = await ada.post(`${path}/rotate-secret`, undefined, options);
    expect(status).toBe(200);
    expect(body.secret).toMatch(/^whsec_/);
    expect(body.secret).not.toBe(created.secret);
    expect((await ada.post(`${path}/rotate-secret`, undefined, options)).body).toEqual({ secret: null });
    expect((await ada.get(path)).body.version).toBe(1);
  });
});

describe('webhooks', () => {
  it('are listed page by page, oldest first', async () => {
    const client = as({ tenant: 'listing', scopes: SCOPES });
    const made = [];
    for (let n = 0; n < 5; n++) made.push((await webhook(client)).id);
    const first = await client.get('/webhooks', { query: { page_size: 2 } });
    const second = await client.get('/webhooks', { query: { page_size: 2, cursor: first.body.next_cursor } });
    const third = await client.get('/webhooks', { query: { page_size: 2, cursor: second.body.next_cursor } });
    const pages = [first, second, third];
    expect(pages.flatMap(({ body }) => body.data.map(({ id }: { id: string }) => id))).toEqual(made);
    expect(third.body.next_cursor).toBeNull();
    const misused = await ada.get('/webhooks', { query: { cursor: first.body.next_cursor } });
    expect(misused.body.code).toBe('invalid_cursor');
  });

  it('are gone when they are deleted', async () => {
    const { path } = await webhook();
    expect((await ada.delete(path)).status).toBe(204);
    expect((await ada.get(path)).body.code).toBe('webhook_not_found');
    expect((await ada.post(`${path}/test`)).body.code).toBe('webhook_not_found');
  });

  it.each(['', '/attempts'])('of another tenant or unit do not exist: GET …%s', async (suffix) => {
    const { path } = await webhook();
    expect((await other.get(path + suffix)).body.code).toBe('webhook_not_found');
    expect((await north.get(path + suffix)).body.code).toBe('webhook_not_found');
  });

  it('of a unit are seen by the unit and by the tenant', async () => {
    const { path, created } = await webhook(north);
    expect(created.tenant_unit_id).toBe('north');
    expect((await north.get(path)).status).toBe(200);
    expect((await ada.get(path)).status).toBe(200);
    expect((await as({ tenant: 'acme', unit: 'south', scopes: SCOPES }).get(path)).status).toBe(404);
  });

  it('are found by no id that is none', async () => {
    expect((await ada.get('/webhooks/none')).body.code).toBe('webhook_not_found');
  });
});

describe('a replay', () => {
  it('is refused of a disabled webhook, and of what is not kept', async () => {
    const { path } = await webhook();
    expect((await ada.post(`${path}/replay`, { after: 'earliest' })).status).toBe(202);
    expect((await ada.post(`${path}/replay`, { after: 'earliest' })).body).toEqual({});
    expect((await ada.post(`${path}/replay`, { after: 'x-1' })).body.code).toBe('events_expired');
    expect((await ada.post(`${path}/replay`, { event_id: 'x-1' })).body.code).toBe('events_expired');
    await ada.patch(path, { enabled: false });
    expect((await ada.post(`${path}/replay`, { after: 'earliest' })).body.code).toBe('webhook_disabled');
  });

  it('is refused of an event that a webhook of another unit never gets, whoever asks', async () => {
    const owner = as({ tenant: 'initech', scopes: SCOPES });
    const { path } = await webhook(as({ tenant: 'initech', unit: 'north', scopes: SCOPES }), {
      url: URL,
      types: ['message.redacted'],
    });
    const { body: conversation } = await owner.post(
      '/conversations',
      {},
      { query: { tenant_unit_id: 'south' } },
    );
    const events = async () =>
      (await owner.get('/events', { query: { conversation_id: conversation.id } })).body.data;
    await until('it is in the feed', async () => (await events()).length > 0);

    const refused = await owner.post(`${path}/replay`, { event_id: (await events())[0].id });

    expect([refused.status, refused.body.code]).toEqual([410, 'events_expired']);
  });

  it.each([
    {},
    { after: 'earliest', event_id: 'x-1' },
    { before: 'x-1' },
    { after: 'latest' },
    { after: 'x' },
    { event_id: 'earliest' },
    { event_id: 'x' },
  ])('is refused as %j', async (body) => {
    const { path } = await webhook();
    expect((await ada.post(`${path}/replay`, body)).body.code).toBe('validation_failed');
  });
});
