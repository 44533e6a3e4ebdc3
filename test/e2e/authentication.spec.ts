import { createServer } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { exportJWK } from 'jose';
import { createTestApp } from '../support/create-test-app.js';
import { exchange } from '../support/exchange.js';
import { expectProblem } from '../support/problems.js';
import { tokenFor } from '../support/test-client.js';
import { base64Of, otherRsa, rsa, signToken } from '../support/tokens.js';

const PATH = '/admin/api/v2/conversations';
const SCOPE = { scope: 'conversations:read conversations:write' };

let keyServerIsUp = false;
const keyServer = createServer((_request, response) => {
  if (!keyServerIsUp) return response.writeHead(503).end();
  void exportJWK(rsa.publicKey).then((jwk) =>
    response.end(JSON.stringify({ keys: [{ ...jwk, kid: 'one' }] })),
  );
});
await new Promise<void>((resolve) => keyServer.listen(0, '127.0.0.1', resolve));
const address = keyServer.address();
const port = typeof address === 'object' ? address?.port : undefined;
afterAll(() => void keyServer.close());

const { as, listen, logs } = await createTestApp({
  environment: { AUTH_MODE: 'jwt', AUTH_JWKS_URL: `http://127.0.0.1:${port}/keys` },
});
const nobody = as();
const withHeaders = (headers: Record<string, string>) => nobody.get('/conversations', { headers });
const withToken = (token: string) => withHeaders({ authorization: `Bearer ${token}` });
const signedByKeySet = (key = rsa) =>
  signToken({ alg: 'RS256', key: key.privateKey, header: { kid: 'one' }, claims: SCOPE });

describe('the keys of a key set', () => {
  it('are not a matter of the client while they cannot be fetched', async () => {
    const token = await signedByKeySet();
    const answer = await withToken(token);
    expectProblem(answer, 'unavailable');
    expect(answer.headers['retry-after']).toBe('1');
    expect((await as({ tenant: 'acme' }).get('/conversations')).status).toBe(200);

    keyServerIsUp = true;
    expect((await withToken(token)).status).toBe(200);
    expectProblem(await withToken(await signedByKeySet(otherRsa)), 'unauthenticated');
  });
});

describe('a request', () => {
  it('needs a credential', async () => {
    const token = await signToken({ claims: SCOPE });
    const without: Record<string, string>[] = [
      {},
      { authorization: '' },
      { authorization: 'Bearer' },
      { authorization: 'Bearer ' },
      { authorization: token },
      { authorization: `Bearer${token}` },
      { authorization: `Bearer ${token} x` },
      { authorization: `Bearer ${token}, Bearer ${token}` },
      { authorization: `Token ${token}` },
      { authorization: `Basic ${base64Of(`ada:${token}`)}` },
      { 'proxy-authorization': `Bearer ${token}` },
      { cookie: `authorization=Bearer ${token}; access_token=${token}` },
      { 'x-api-key': '' },
    ];
    for (const headers of without) {
      const answer = await withHeaders(headers);
      expectProblem(answer, 'unauthenticated');
      expect(answer.headers['www-authenticate']).toBe('Bearer');
    }
    for (const name of ['access_token', 'token', 'authorization', 'X-API-Key'])
      expectProblem(await nobody.get('/conversations', { query: { [name]: token } }), 'unauthenticated');
  });

  it('is not told what is wrong with its credential', async () => {
    const expired = await signToken({ claims: SCOPE, exp: 1 });
    const forged = await signToken({ claims: SCOPE, key: Buffer.alloc(32, 1) });
    const unsigned = `${base64Of({ alg: 'none' })}.${expired.split('.')[1]}.`;
    const bad = [
      expired,
      forged,
      unsigned,
      await signedByKeySet(otherRsa),
      'x',
      'a.b.c',
      '..',
      `cq_${'A'.repeat(43)}`,
    ];
    const answers = await Promise.all(bad.map(withToken));
    for (const answer of answers) {
      expectProblem(answer, 'unauthenticated');
      expect(answer.headers['www-authenticate']).toBe('Bearer error="invalid_token"');
    }
    for (const { body } of answers) expect(body.detail).toBe('The credential is not valid.');
  });

  it('is accepted with a token, however the scheme is written', async () => {
    const token = await signToken({ claims: SCOPE });
    for (const authorization of [`Bearer ${token}`, `bearer ${token}`, `BEARER   ${token}  `])
      expect((await withHeaders({ authorization })).status).toBe(200);
  });

  it('is refused for its credential before anything else of it is looked at', async () => {
    expectProblem(await nobody.post('/conversations', { nonsense: 1 }), 'unauthenticated');
    expectProblem(await nobody.get('/conversations/x', { query: { x: 'y' } }), 'unauthenticated');
  });

  it('is refused with an API key where only tokens are accepted', async () => {
    const answer = await withHeaders({ 'x-api-key': await signToken({ claims: SCOPE }) });
    expectProblem(answer, 'unauthenticated');
    expect(answer.headers['www-authenticate']).toBe('Bearer');
  });

  it('needs no credential where there is nothing of anybody', async () => {
    for (const path of [
      '//healthz',
      '//readyz',
      '//metrics',
      '//openapi.json',
      '//docs',
      '//problems/unauthenticated',
    ])
      expect([path, (await nobody.get(path)).status]).toEqual([path, 200]);
  });
});

describe('several credentials', () => {
  let baseUrl: string;
  beforeAll(async () => {
    baseUrl = await listen();
  });

  it.each([
    ['Authorization', 'Authorization'],
    ['Authorization', 'authorization'],
    ['Authorization', 'X-API-Key'],
    ['X-API-Key', 'X-API-Key'],
  ])('in %s and %s are refused, whichever comes first', async (...names) => {
    const tokens = [await tokenFor({ tenant: 'acme' }), await tokenFor({ tenant: 'globex' })];
    for (const order of [tokens, tokens.toReversed()]) {
      const headers = names.map((name, i) => `${name}: ${name === 'X-API-Key' ? '' : 'Bearer '}${order[i]}`);
      const request = [`GET ${PATH} HTTP/1.1`, 'Host: x', 'Connection: close', ...headers, '', ''];
      const answer = await exchange(baseUrl, request.join('\r\n'));
      expect(answer.status).toBe(401);
      expect(JSON.parse(answer.text)).toMatchObject({
        code: 'unauthenticated',
        detail: expect.stringMatching(/send one/),
      });
    }
  });
});

describe('a large token', () => {
  const sized = async (bytes: number) => {
    const overhead = (await signToken({ claims: { ...SCOPE, x: '' } })).length;
    return signToken({ claims: { ...SCOPE, x: 'x'.repeat(Math.floor(((bytes - overhead) * 3) / 4)) } });
  };

  it('is accepted up to 8 KiB, and is no valid credential above', async () => {
    expect((await withToken(await sized(8_000))).status).toBe(200);
    expectProblem(await withToken(await sized(9_000)), 'unauthenticated');
    expectProblem(await withToken('x'.repeat(1_000_000)), 'unauthenticated');
    expectProblem(await withToken('.'.repeat(100_000)), 'unauthenticated');
    expectProblem(await withHeaders({ authorization: `Bearer${' '.repeat(100_000)}x` }), 'unauthenticated');
  });
});

describe('whoever sends a request', () => {
  const ada = as({ tenant: 'acme', sub: 'ada', name: 'Ada Lovelace', role: 'operator' });
  const eve = as({ tenant: 'acme', sub: 'auth0|eve', name: '夏娃 👩‍💻', role: 'x'.repeat(255) });
  const byAda = { created_by: 'ada', created_by_name: 'Ada Lovelace', created_by_role: 'operator' };
  const byEve = { updated_by: 'auth0|eve', updated_by_name: '夏娃 👩‍💻', updated_by_role: 'x'.repeat(255) };

  it('stands in what they create and what they change', async () => {
    const { body: created } = await ada.post('/conversations');
    expect(created).toMatchObject({ ...byAda, updated_by: 'ada', user_id: 'ada' });
    const path = `/conversations/${created.id}`;

    expect((await eve.patch(path, { topic: 'Other' })).body).toMatchObject({
      ...byAda,
      ...byEve,
      user_id: 'ada',
    });
    await ada.patch(path, { topic: 'Back' });
    const { body: message } = await eve.post(`${path}/messages`, { message_from: 'user', content: 'Hello' });

    expect((await ada.get(path)).body).toMatchObject({ ...byAda, ...byEve });
    expect(message).toMatchObject({ created_by: 'auth0|eve', updated_by: 'auth0|eve', user_id: 'ada' });
    const { body: annotated } = await ada.patch(`${path}/messages/${message.id}`, { feedback: 'good' });
    expect(annotated).toMatchObject({
      created_by: 'auth0|eve',
      updated_by: 'ada',
      updated_by_name: 'Ada Lovelace',
    });
  });

  it('is the user, of whatever identity provider, unless another one is named', async () => {
    const userOf = async (client: typeof ada, body?: object): Promise<unknown> =>
      (await client.post('/conversations', body)).body.user_id;
    expect(await userOf(ada)).toBe('ada');
    expect(await userOf(ada, { user_id: 'bob' })).toBe('bob');
    expect(await userOf(eve)).toBe('auth0|eve');
  });

  it('has no name and no role where the token says none', async () => {
    const { body } = await as({ tenant: 'acme', sub: 'bob' }).post('/conversations');
    expect(body).toMatchObject({ created_by: 'bob', created_by_name: null, created_by_role: null });
  });
});

it('leaves no token in the log', () => {
  const text = JSON.stringify(logs);
  expect(text).toContain('cannot be fetched');
  expect(text).not.toMatch(/eyJ|Bearer|Lovelace|Hello/);
});
