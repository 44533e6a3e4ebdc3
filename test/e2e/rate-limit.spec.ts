import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newId } from '../../src/common/ids.js';
import { setClock, startClock, stopClock } from '../support/clock.js';
import { createTestApp } from '../support/create-test-app.js';
import { expectProblem } from '../support/problems.js';
import type { TestClient } from '../support/test-client.js';

const limited = await createTestApp({ environment: { RATE_LIMIT: '2', RATE_LIMIT_BURST: '5' } });
const unlimited = await createTestApp({ databaseUrl: limited.databaseUrl });

const rateLimitOf = ({ status, headers }: Awaited<ReturnType<TestClient['get']>>) => [
  status,
  headers.ratelimit,
];

describe('a rate limit', () => {
  const start = Date.now();
  let tenant: string;
  let client: TestClient;
  beforeAll(() => stopClock(start));
  beforeEach(() => {
    tenant = newId();
    client = limited.as({ tenant });
    setClock(start);
  });
  afterAll(startClock);

  const spend = async (requests: number) => {
    for (let i = 0; i < requests; i++) expect((await client.get('/conversations')).status).toBe(200);
  };

  it('tells in every answer what may follow, and what the policy is', async () => {
    const created = await client.post('/conversations', {});
    const { id } = created.body;
    const unchanged = await client.get(`/conversations/${id}`, {
      headers: { 'if-none-match': created.headers.etag ?? '' },
    });
    const missing = await client.get(`/conversations/${newId()}`);
    const faulty = await client.get('/conversations', { query: { page_size: 0 } });
    const deleted = await client.delete(`/conversations/${id}`);

    expect([created, unchanged, missing, faulty, deleted].map(rateLimitOf)).toEqual([
      [201, '"default";r=4;t=1'],
      [304, '"default";r=3;t=1'],
      [404, '"default";r=2;t=1'],
      [422, '"default";r=1;t=1'],
      [204, '"default";r=0;t=1'],
    ]);
    expect(deleted.headers['ratelimit-policy']).toBe('"default";q=5;w=3');
  });

  it('refuses what is too much, and does nothing of it', async () => {
    await spend(5);

    const refused = await client.post('/conversations', { topic: 'Too much' });

    expectProblem(refused, 'rate_limited');
    expect(refused.headers['retry-after']).toBe('1');
    expect(rateLimitOf(refused)).toEqual([429, '"default";r=0;t=1']);
    expect(refused.headers['ratelimit-policy']).toBe('"default";q=5;w=3');
    expect((await unlimited.as({ tenant }).get('/conversations')).body.total_count).toBe(0);
  });

  it('is kept by waiting as long as Retry-After says', async () => {
    await spend(5);
    setClock(start + 499);
    expectProblem(await client.get('/conversations'), 'rate_limited');

    setClock(start + 1000);

    await spend(2);
    expectProblem(await client.get('/conversations'), 'rate_limited');
  });

  it('is one for all units and credentials of a tenant, and costs other tenants nothing', async () => {
    await spend(3);
    await limited.as({ tenant, unit: 'u', sub: 'bob' }).get('/conversations');
    await limited
      .as({ sub: 'operator', scopes: ['conversations:read', 'tenants:any'] })
      .get('/conversations', { query: { tenant_id: tenant } });

    expectProblem(await client.get('/conversations'), 'rate_limited');
    const ofOther = await limited.as({ tenant: newId() }).get('/conversations');
    expect(rateLimitOf(ofOther)).toEqual([200, '"default";r=4;t=1']);
  });

  it('charges a request that is refused to whom it is refused, and to nobody without a credential', async () => {
    const query = { tenant_id: tenant };
    const stranger = limited.as({ tenant: newId() });
    const ofNoTenant = limited.as({ sub: newId() });
    const attempts = [
      await limited.as().get('/conversations', { query }),
      await stranger.get('/conversations', { query }),
      await stranger.get('/conversations', { query: { tenant_id: 'no id' } }),
      await ofNoTenant.get('/conversations'),
      await ofNoTenant.get('/conversations', { query }),
      await limited.as({ tenant, scopes: ['conversations:read'] }).post('/conversations', {}),
      await limited.as({ tenant, scopes: [] }).get('/conversations', { query }),
    ];

    expect(attempts.map(rateLimitOf)).toEqual([
      [401, undefined],
      [403, '"default";r=4;t=1'],
      [422, '"default";r=3;t=1'],
      [400, '"default";r=4;t=1'],
      [403, '"default";r=3;t=1'],
      [403, '"default";r=4;t=1'],
      [403, '"default";r=3;t=1'],
    ]);
    expect(rateLimitOf(await client.get('/conversations'))).toEqual([200, '"default";r=2;t=1']);
  });

  it('does not use up an Idempotency-Key', async () => {
    await spend(5);
    const options = { headers: { 'idempotency-key': newId() } };
    expectProblem(await client.post('/conversations', { topic: 'Later' }, options), 'rate_limited');

    setClock(start + 1000);

    const carriedOut = await client.post('/conversations', { topic: 'Later' }, options);
    const repeated = await client.post('/conversations', { topic: 'Later' }, options);
    expect([carriedOut.status, carriedOut.headers['idempotency-replayed']]).toEqual([201, undefined]);
    expect(rateLimitOf(repeated)).toEqual([201, '"default";r=0;t=1']);
    expect(repeated.text).toBe(carriedOut.text);
  });

  it('is not for what platforms and people read', async () => {
    for (const path of ['//healthz', '//readyz', '//metrics', '//openapi.json', '//problems/rate_limited']) {
      for (let i = 0; i < 7; i++) expect(rateLimitOf(await client.get(path))).toEqual([200, undefined]);
    }
  });
});

describe('without RATE_LIMIT', () => {
  it('there is no limit, and no header that tells of one', async () => {
    const client = unlimited.as({ tenant: newId() });
    for (let i = 0; i < 20; i++) {
      const { status, headers } = await client.get('/conversations');
      expect([status, headers.ratelimit, headers['ratelimit-policy']]).toEqual([200, undefined, undefined]);
    }
  });
});
