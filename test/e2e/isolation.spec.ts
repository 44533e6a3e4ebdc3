import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import type { ProblemCode } from '../../src/common/errors/problems.js';
import { BASE_PATH } from '../../src/http/resource.js';
import { createTestApp } from '../support/create-test-app.js';
import { exchange } from '../support/exchange.js';
import { addressOf, byId, type Operation, OPERATIONS } from '../support/operations.js';
import { expectProblem } from '../support/problems.js';
import { MISSING_ID } from '../support/samples.js';
import { insertAll, type Row, tenantTablesOf } from '../support/tenant-rows.js';
import { type Identity, tokenFor } from '../support/test-client.js';
import { until } from '../support/until.js';

const SCOPES = ['conversations:read', 'conversations:write', 'events:read', 'webhooks:manage', 'tenants:any'];
/** Whoever makes a webhook reads events by it. */
const READS_BY_WEBHOOK = new Set(['createWebhook', 'updateWebhook']);
/** Answers that name no tenant. */
const NAMELESS = new Set([
  'replayEvents',
  'rotateWebhookSecret',
  'testWebhook',
  'listWebhookAttempts',
  'deleteWebhook',
]);

const onAll = byId(OPERATIONS);
/** Those that name a thing in their path. */
const onThings = byId(OPERATIONS.filter(({ path }) => /\{(conversation|webhook)_id\}/.test(path)));
const onMessages = byId(OPERATIONS.filter(({ path }) => path.includes('{message_id}')));

const { app, as, listen, logs } = await createTestApp({ environment: { WEBHOOK_ALLOW: '127.0.0.1' } });
/** Nobody listens there. */
const RECEIVER = 'http://127.0.0.1:1/hook';

interface Thing {
  conversationId: string;
  messageId: string;
  webhookId: string;
}
const NOTHING: Thing = { conversationId: MISSING_ID, messageId: MISSING_ID, webhookId: MISSING_ID };

const idsOf = ({ conversationId, messageId, webhookId }: Thing) => ({
  conversation_id: conversationId,
  message_id: messageId,
  webhook_id: webhookId,
});

const codeFor = ({ path }: Operation): ProblemCode =>
  path.includes('{webhook_id}') ? 'webhook_not_found' : 'conversation_not_found';

/** Sends an operation to a thing, as somebody. */
function send(
  operation: Operation,
  thing: Thing,
  identity: Identity | undefined,
  { query = {}, headers = {} }: { query?: Record<string, string>; headers?: Record<string, string> } = {},
) {
  const url = addressOf(operation, idsOf(thing));
  return as(identity).send(operation.method, `/${url}`, operation.body, { query, headers });
}

/** A conversation with three messages, and a webhook. Every text in it is findable as "confidential". */
async function createThing(identity: Identity, query: Record<string, string> = {}): Promise<Thing> {
  const client = as(identity);
  const webhook = await client.post('/webhooks', { url: RECEIVER, description: 'confidential' }, { query });
  const { body: conversation } = await client.post(
    '/conversations',
    {
      topic: 'confidential topic',
      agent_id: '8f9d2c1e-5b7a-4f0e-9c3d-2a1b6e4d7f80',
      assignment_id: 'desk',
      user_id: 'victim',
      inputs: { secret: 'confidential input' },
    },
    { query },
  );
  const { body } = await client.post(`/conversations/${conversation.id}/messages/batch`, {
    messages: ['one', 'two', 'three'].map((text) => ({
      message_from: 'user',
      content: `confidential ${text}`,
    })),
  });
  return { conversationId: conversation.id, messageId: body.data[1].id, webhookId: webhook.body.id };
}

/** All that a tenant has. */
async function everythingOf(tenant = '') {
  const client = as({ tenant });
  const { body } = await client.get('/conversations', { query: { page_size: 200 } });
  const { body: webhooks } = await client.get('/webhooks', { query: { page_size: 200 } });
  const messages: unknown[] = [];
  for (const { id } of body.data)
    messages.push((await client.get(`/conversations/${id}/messages`, { query: { page_size: 200 } })).body);
  return { conversations: body, messages, webhooks };
}

/** Every tenant that an answer names. */
const tenantsIn = (text: string): string[] => [
  ...new Set([...text.matchAll(/"tenant_id":"([^"]*)"/g)].map(([, tenant = '']) => tenant)),
];

async function leavesUnchanged<T>(tenant: string | undefined, attempt: () => Promise<T>): Promise<T> {
  const before = await everythingOf(tenant);
  expect(before.conversations.total_count).toBeGreaterThan(0);
  const result = await attempt();
  expect(await everythingOf(tenant)).toEqual(before);
  return result;
}

type Answer = Awaited<ReturnType<typeof send>>;

/** What of an answer may not depend on whether a thing is somebody else's or not there at all. */
function visible({ status, body, headers }: Answer) {
  const { instance: _instance, request_id: _requestId, ...problem } = body;
  const { 'x-request-id': _header, date: _date, ...rest } = headers;
  return { status, problem, headers: rest };
}

function expectSameAsMissing(answer: Answer, missing: Answer): void {
  expect(answer.status).toBe(404);
  expect(answer.text).not.toContain('confidential');
  expect(visible(answer)).toEqual(visible(missing));
}

/** The victim: all it has are the two things below. Tests that write use a tenant of their own. */
const acme: Identity = { tenant: 'acme', sub: 'ada' };
const north: Identity = { ...acme, unit: 'north' };
let tenants = 0;
const newTenant = (): Identity => ({ tenant: `tenant-${++tenants}`, sub: 'ada' });
let ofNorth: Thing;
let ofNoUnit: Thing;

beforeAll(async () => {
  ofNorth = await createThing(north);
  ofNoUnit = await createThing(acme);
});

it('has every operation below the base path', () => {
  expect(OPERATIONS.every(({ path }) => path.startsWith(BASE_PATH))).toBe(true);
});

describe('somebody of another tenant', () => {
  const foreigner: Identity = { tenant: 'globex', sub: 'ada' };
  const NARROWINGS: Record<string, string>[] = [{}, { tenant_id: 'globex' }, { tenant_unit_id: 'north' }];

  it.each(onThings)('is told by %s that there is no such thing', async (_, operation) => {
    await leavesUnchanged('acme', async () => {
      for (const thing of [ofNorth, ofNoUnit]) {
        for (const query of NARROWINGS) {
          const answer = await send(operation, thing, foreigner, { query });
          expectSameAsMissing(answer, await send(operation, NOTHING, foreigner, { query }));
          expectProblem(answer, codeFor(operation));
        }
      }
    });
  });

  it.each(onMessages)(
    'is told by %s that no such message is in their own conversation',
    async (_, operation) => {
      const own = await createThing(foreigner);
      const mixed = { ...own, messageId: ofNorth.messageId };
      const answer = await leavesUnchanged('acme', () => send(operation, mixed, foreigner));
      expectSameAsMissing(answer, await send(operation, { ...own, messageId: MISSING_ID }, foreigner));
      expectProblem(answer, 'message_not_found');
    },
  );

  it('finds nothing of it in lists', async () => {
    const nobody = as({ tenant: 'initech' });
    const filters = [
      {},
      { user_id: 'victim' },
      { assignment_id: 'desk' },
      { agent_id: '8f9d2c1e-5b7a-4f0e-9c3d-2a1b6e4d7f80' },
      { status: 'running' },
      { tenant_unit_id: 'north' },
      { order: 'active' },
      { order: 'oldest', created_after: '2000-01-01T00:00:00Z' },
    ] as Record<string, string>[];
    for (const query of filters) {
      const { body } = await nobody.get('/conversations', { query });
      expect([query, body]).toEqual([
        query,
        expect.objectContaining({ total_count: 0, has_next_page: false, data: [] }),
      ]);
    }
  });

  it('cannot go on with a cursor of it', async () => {
    const { body } = await as(acme).get('/conversations', { query: { page_size: 1 } });
    const query = { page_size: 1, cursor: body.next_cursor as string };
    expect((await as(acme).get('/conversations', { query })).status).toBe(200);
    for (const identity of [foreigner, north])
      expectProblem(await as(identity).get('/conversations', { query }), 'invalid_cursor', 'cursor');
  });

  it('creates for themselves', async () => {
    const { body } = await leavesUnchanged('acme', () =>
      as(foreigner).post('/conversations', { user_id: 'victim', assignment_id: 'desk' }),
    );
    expect(body.tenant_id).toBe('globex');
  });

  it.each([{ tenant_id: 'acme' }, { tenant_unit_id: 'north' }, { tenantId: 'acme' }, { id: MISSING_ID }])(
    'cannot name somebody else in a body: %j',
    async (property) => {
      for (const [, operation] of onAll) {
        if (!operation.body) continue;
        const url = addressOf(operation, idsOf(ofNorth));
        const body = { ...operation.body, ...property };
        const answer = await as(foreigner).send(operation.method, `/${url}`, body);
        expectProblem(answer, 'validation_failed', `/${Object.keys(property)[0]}`);
      }
    },
  );
});

describe('somebody of another unit', () => {
  const south: Identity = { ...acme, unit: 'south' };

  it.each(onThings)('is told by %s that there is no such thing', async (_, operation) => {
    const narrowed = { query: { tenant_unit_id: 'south' } };
    await leavesUnchanged('acme', async () => {
      for (const thing of [ofNorth, ofNoUnit]) {
        expectSameAsMissing(await send(operation, thing, south), await send(operation, NOTHING, south));
        expectSameAsMissing(
          await send(operation, thing, acme, narrowed),
          await send(operation, NOTHING, acme, narrowed),
        );
      }
    });
  });

  it('sees their own unit only in the list, and stamps it on what they create', async () => {
    const everywhere = newTenant();
    const inSouth = { ...everywhere, unit: 'south' };
    const own = await createThing(inSouth);
    const narrowed = await createThing(everywhere, { tenant_unit_id: 'south' });
    const elsewhere = await createThing({ ...everywhere, unit: 'north' });
    const ofNone = await createThing(everywhere);
    const idsFor = async (identity: Identity, query = {}) => {
      const { body } = await as(identity).get('/conversations', { query });
      expect(body.total_count).toBe(body.data.length);
      return body.data.map(({ id }: { id: string }) => id) as string[];
    };

    const seen = [narrowed.conversationId, own.conversationId];
    expect(await idsFor(inSouth)).toEqual(seen);
    expect(await idsFor(everywhere, { tenant_unit_id: 'south' })).toEqual(seen);
    expect(await idsFor(everywhere)).toEqual([ofNone.conversationId, elsewhere.conversationId, ...seen]);
    for (const { conversationId } of [own, narrowed]) {
      const { body: conversation } = await as(everywhere).get(`/conversations/${conversationId}`);
      const { body: messages } = await as(everywhere).get(`/conversations/${conversationId}/messages`);
      const things = [conversation, ...messages.data] as { tenant_unit_id: string }[];
      expect(things.map((thing) => thing.tenant_unit_id)).toEqual(['south', 'south', 'south', 'south']);
    }
  });

  it('leaves a conversation in its unit when somebody of the whole tenant appends to it', async () => {
    const everywhere = newTenant();
    const { conversationId } = await createThing({ ...everywhere, unit: 'north' });
    const { body } = await as(everywhere).post(`/conversations/${conversationId}/messages`, {
      message_from: 'agent',
      content: 'confidential answer',
    });
    expect(body).toMatchObject({ tenant_unit_id: 'north', sequence: 4 });
  });
});

describe('every operation', () => {
  it.each(onAll)('%s refuses a request without a credential', async (_, operation) => {
    const answers = await leavesUnchanged('acme', () =>
      Promise.all([
        send(operation, ofNorth, undefined),
        send(operation, NOTHING, undefined),
        send(operation, ofNorth, undefined, { query: { tenant_id: 'acme' } }),
      ]),
    );
    for (const answer of answers) {
      expectProblem(answer, 'unauthenticated');
      expect(answer.headers['www-authenticate']).toBe('Bearer');
    }
  });

  it.each(onAll)('%s refuses a credential without its scope', async (_, operation) => {
    const others = SCOPES.filter((scope) => scope !== operation.scope);
    await leavesUnchanged('acme', async () => {
      for (const scopes of [others, []]) {
        for (const thing of [ofNorth, NOTHING])
          expectProblem(await send(operation, thing, { ...acme, scopes }), 'insufficient_scope');
      }
    });
  });

  it.each(onAll)('%s needs no other scope than its own', async (_, operation) => {
    const identity = newTenant();
    const thing = await createThing(identity);
    const scopes = [operation.scope, ...(READS_BY_WEBHOOK.has(operation.id) ? ['events:read'] : [])];
    const answer = await send(operation, thing, { ...identity, scopes });
    expect(answer.status).toBeLessThan(300);
  });

  it.each(onAll)(
    '%s refuses another tenant or unit than the credential is bound to',
    async (_, operation) => {
      const globex: Identity = { tenant: 'globex' };
      const refused: [Identity, Record<string, string>, ProblemCode][] = [
        [globex, { tenant_id: 'acme' }, 'tenant_forbidden'],
        [globex, { tenant_id: 'acme', tenant_unit_id: 'north' }, 'tenant_forbidden'],
        [{ ...acme, unit: 'south' }, { tenant_unit_id: 'north' }, 'tenant_unit_forbidden'],
        [{ sub: 'ada' }, { tenant_id: 'acme' }, 'tenant_forbidden'],
        [{ sub: 'ada' }, {}, 'tenant_required'],
        [{ scopes: SCOPES }, { tenant_unit_id: 'north' }, 'tenant_required'],
      ];
      await leavesUnchanged('acme', async () => {
        for (const [identity, query, code] of refused)
          expectProblem(await send(operation, ofNorth, identity, { query }), code);
      });
    },
  );

  it.each(onAll)('%s acts where the parameters and the credential agree', async (_, operation) => {
    const { tenant = '' } = newTenant();
    const allowed: [Identity, Record<string, string>][] = [
      [{ tenant }, { tenant_id: tenant }],
      [{ tenant }, { tenant_id: '', tenant_unit_id: '' }],
      [{ tenant }, { tenant_unit_id: 'north' }],
      [{ tenant, unit: 'north' }, {}],
      [
        { tenant, unit: 'north' },
        { tenant_id: tenant, tenant_unit_id: 'north' },
      ],
      [{ scopes: SCOPES }, { tenant_id: tenant }],
      [{ scopes: SCOPES }, { tenant_id: tenant, tenant_unit_id: 'north' }],
      [{ tenant: 'globex', scopes: SCOPES }, { tenant_id: tenant }],
    ];
    for (const [identity, query] of allowed) {
      const thing = await createThing({ tenant, unit: 'north' });
      if (operation.id === 'listEvents')
        await until('its events are in the feed', async () =>
          (await send(operation, thing, identity, { query })).text.includes('"tenant_id"'),
        );
      const { status, text } = await send(operation, thing, identity, { query });
      expect([200, 201, 202, 204]).toContain(status);
      expect(tenantsIn(text)).toEqual(status === 204 || NAMELESS.has(operation.id) ? [] : [tenant]);
    }
  });

  it.each(onAll)(
    '%s refuses a tenant or unit that is no id, and any it does not know',
    async (_, operation) => {
      const query = { tenant_id: 'ac me', tenant_unit_id: 'x'.repeat(65) };
      const unknown = ['tenant_id[]', 'tenant_id[0]', 'Tenant_id', 'tenant', 'unit', '__proto__[tenant_id]'];
      await leavesUnchanged('acme', async () => {
        const answer = await send(operation, ofNorth, acme, { query });
        expectProblem(answer, 'validation_failed', 'tenant_id', 'tenant_unit_id');
        for (const name of unknown) {
          const foreign = await send(operation, ofNorth, { tenant: 'globex' }, { query: { [name]: 'acme' } });
          expectProblem(foreign, 'validation_failed', name);
        }
      });
    },
  );
});

describe('two tenants with the same ids', () => {
  /** A thing of one tenant, and a copy of all that tenant's rows for another: what no request could make. */
  async function createTwins() {
    const [one, other] = [newTenant(), newTenant()];
    const thing = await createThing(one);
    const dataSource = app.get(DataSource);
    const tables = tenantTablesOf(dataSource);
    expect(tables).toEqual(expect.arrayContaining(['conversation', 'message']));
    // At once, so that events are not published between two tables.
    await dataSource.transaction(async (manager) => {
      for (const table of tables) {
        const rows = await manager.query<Row[]>(`SELECT * FROM ${table} WHERE tenant_id = ?`, [one.tenant]);
        await insertAll(
          manager,
          table,
          rows.map((row) => ({ ...row, tenant_id: other.tenant })),
        );
      }
    });
    return { thing, one, other };
  }

  it.each(onThings)('never meet by %s', async (_, operation) => {
    const { thing, one, other } = await createTwins();

    const { status, text } = await leavesUnchanged(one.tenant, () => send(operation, thing, other));

    expect([200, 201, 202, 204]).toContain(status);
    expect(tenantsIn(text)).toEqual(status === 204 || NAMELESS.has(operation.id) ? [] : [other.tenant]);
  });

  it('never meet in a list', async () => {
    const { thing, one, other } = await createTwins();
    for (const identity of [one, other]) {
      for (const order of ['recent', 'oldest', 'active']) {
        const { body, text } = await as(identity).get('/conversations', { query: { order } });
        expect(body.data).toEqual([expect.objectContaining({ id: thing.conversationId })]);
        expect(body.total_count).toBe(1);
        expect(tenantsIn(text)).toEqual([identity.tenant]);
      }
    }
  });
});

describe('there is no way round the guards', () => {
  const foreign: Identity = { tenant: 'globex' };
  let baseUrl: string;

  let before: unknown;

  beforeAll(async () => {
    baseUrl = await listen();
    before = await everythingOf('acme');
  });
  afterEach(async () => {
    expect(await everythingOf('acme')).toEqual(before);
  });

  /** Sends a request line and headers as they are. */
  const raw = (line: string, ...headers: string[]) =>
    exchange(baseUrl, [`${line} HTTP/1.1`, 'Host: x', 'Connection: close', ...headers, '', ''].join('\r\n'));
  const bearer = async (identity: Identity) => `Authorization: Bearer ${await tokenFor(identity)}`;
  const conversation = () => `${BASE_PATH}/conversations/${ofNorth.conversationId}`;

  it('by HEAD, which is guarded as GET', async () => {
    for (const path of [
      conversation(),
      `${conversation()}/messages`,
      `${conversation()}/messages/${ofNorth.messageId}`,
    ]) {
      expect((await raw(`HEAD ${path}`)).status).toBe(401);
      expect((await raw(`HEAD ${path}`, await bearer(foreign))).status).toBe(404);
      expect(
        (await raw(`HEAD ${path}`, await bearer({ ...acme, scopes: ['conversations:write'] }))).status,
      ).toBe(403);
      expect(await raw(`HEAD ${path}`, await bearer(acme))).toMatchObject({ status: 200, text: '' });
    }
    expect((await raw(`HEAD ${BASE_PATH}/conversations`)).status).toBe(401);
  });

  it('by a method that the path does not have', async () => {
    for (const method of ['PUT', 'POST', 'OPTIONS', 'TRACE']) {
      const answer = await raw(`${method} ${conversation()}`);
      expect([method, answer.status]).toEqual([method, 405]);
      expect(answer.text).not.toContain('confidential');
    }
  });

  it('by another spelling of a path', async () => {
    const id = ofNorth.conversationId;
    const spellings: [string, number][] = [
      [`${conversation()}/`, 404],
      [`${BASE_PATH}//conversations/${id}`, 404],
      [`/${BASE_PATH}/conversations/${id}`, 404],
      [`${BASE_PATH.toUpperCase()}/conversations/${id}`, 404],
      [`${BASE_PATH}/Conversations/${id}`, 404],
      [`${BASE_PATH}/conversations%2F${id}`, 404],
      [`${BASE_PATH}/conversations/${id}%2Fmessages`, 401],
      [`${BASE_PATH}/conversations/${id}%00`, 401],
      [`${BASE_PATH}/conversations/${id};tenant_id=acme`, 401],
      [`${BASE_PATH}/%63onversations/${id}`, 401],
      [`${BASE_PATH}/conversations/x/../${id}`, 404],
      [`${BASE_PATH}/conversations/%2e%2e/conversations/${id}`, 404],
      [`/docs/..${conversation()}`, 404],
      [`/healthz/..${conversation()}`, 404],
      [`/problems/..${conversation()}`, 404],
      [`${conversation()}?`, 401],
      [`http://x${conversation()}`, 401],
    ];
    for (const [path, status] of spellings) {
      const answer = await raw(`GET ${path}`);
      expect([path, answer.status]).toEqual([path, status]);
      const foreignAnswer = await raw(`GET ${path}`, await bearer(foreign));
      expect([path, foreignAnswer.status]).toEqual([path, 404]);
      expect(answer.text + foreignAnswer.text).not.toContain('confidential');
    }
  });

  it('by parameters that are sent twice, escaped or divided in another way', async () => {
    const refused = [
      'tenant_id=globex&tenant_id=acme',
      'tenant_id=acme&tenant_id=globex',
      'tenant_id=&tenant_id=acme',
      'tenant_id=globex&tenant%5Fid=acme',
      'tenant_id=acme%00',
      'tenant_id=globex%26tenant_id=acme',
      'tenant_id[]=acme',
      'tenant_id%5B%5D=acme',
      'tenant_id=globex;tenant_id=acme',
      '__proto__[tenant_id]=acme',
      '__proto__=acme',
      'constructor=acme',
      'toString=acme',
    ];
    for (const query of refused) {
      for (const path of [conversation(), `${BASE_PATH}/conversations`]) {
        const answer = await raw(`GET ${path}?${query}`, await bearer(foreign));
        expect([query, answer.status]).toEqual([query, 422]);
      }
    }
    for (const query of ['%74enant_id=acme', 'tenant_id=%61cme']) {
      expect((await raw(`GET ${conversation()}?${query}`, await bearer(foreign))).status).toBe(403);
    }
    expect((await raw(`GET ${conversation()}?%74enant_id=%61cme`, await bearer(acme))).status).toBe(200);
  });

  it('by a header that names another method, path or tenant', async () => {
    const token = await bearer(foreign);
    const headers = [
      'X-HTTP-Method-Override: DELETE',
      'X-HTTP-Method: DELETE',
      'X-Method-Override: DELETE',
      `X-Original-URL: ${conversation()}`,
      `X-Rewrite-URL: ${conversation()}`,
      'X-Tenant-Id: acme',
      'X-Forwarded-For: 127.0.0.1',
      'X-Forwarded-User: ada',
    ];
    expect((await raw(`GET ${conversation()}`, ...headers)).status).toBe(401);
    expect((await raw(`GET ${conversation()}`, token, ...headers)).status).toBe(404);
    expect(await raw(`GET ${BASE_PATH}/conversations?user_id=victim`, token, ...headers)).toMatchObject({
      status: 200,
      text: expect.stringContaining('"globex"'),
    });
    expect((await raw(`GET ${conversation()}`, await bearer(acme), ...headers)).status).toBe(200);
  });

  it('by upper or lower case, which header names do not have', async () => {
    const token = await tokenFor(acme);
    for (const name of ['AUTHORIZATION', 'authorization', 'aUTHORIZATION'])
      expect((await raw(`GET ${conversation()}`, `${name}: bEARER ${token}`)).status).toBe(200);
  });

  it('by the log, which has nothing that was said', () => {
    expect(logs.length).toBeGreaterThan(100);
    expect(JSON.stringify(logs)).not.toMatch(/confidential|eyJ|Written by/);
  });
});
