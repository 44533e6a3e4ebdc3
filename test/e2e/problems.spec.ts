import { describe, expect, it } from '@jest/globals';
import { createTestApp } from '../support/create-test-app.js';
import { exchange } from '../support/exchange.js';
import { addressOf, OPERATIONS } from '../support/operations.js';
import { expectProblem } from '../support/problems.js';
import { MISSING_ID, UUID } from '../support/samples.js';
import { tokenFor } from '../support/test-client.js';

const MIB = 1024 * 1024;
const BASE = '/admin/api/v2';
const HELLO = { message_from: 'user', content: 'Hello' };
const JSON_TYPE = { 'content-type': 'application/json' };

const { as, listen, logs } = await createTestApp();
const ada = as({ tenant: 'acme' });
const nobody = as();
const conversation = `/conversations/${(await ada.post('/conversations')).body.id}`;
const message = `${conversation}/messages/${(await ada.post(`${conversation}/messages`, HELLO)).body.id}`;
const url = await listen();
const token = await tokenFor({ tenant: 'acme' });

const headersOf = (...more: string[]) =>
  ['Host: localhost', `Authorization: Bearer ${token}`, ...more].join('\r\n') + '\r\n\r\n';

describe('a problem', () => {
  it('says what, where and which request', async () => {
    const { body, headers } = await ada.get(`/conversations/${MISSING_ID}`, {
      query: { tenant_id: 'acme' },
      headers: { 'x-request-id': 'my-request' },
    });

    expect(body).toEqual({
      type: '/problems/conversation_not_found',
      title: 'Conversation not found',
      status: 404,
      detail: expect.stringMatching(/\S/),
      instance: `${BASE}/conversations/${MISSING_ID}`,
      code: 'conversation_not_found',
      request_id: 'my-request',
    });
    expect(headers['content-type']).toMatch(/^application\/problem\+json(;|$)/);
  });

  it('is explained at its type', async () => {
    const { body } = await ada.get('/conversations', { query: { foo: 1 } });

    const explained = await nobody.get(`/${body.type}`);

    expect(explained.status).toBe(200);
    expect(explained.text).toContain('validation_failed');
  });
});

describe('a request id', () => {
  it.each(['x', '0', 'a'.repeat(128), '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~'])(
    'is taken over: %s',
    async (id) => {
      const headers = { 'x-request-id': id };

      expect((await ada.get(conversation, { headers })).headers['x-request-id']).toBe(id);
      const refused = await ada.get('/conversations', { query: { foo: 1 }, headers });
      expectProblem(refused, 'validation_failed', 'foo');
      expect(refused.body.request_id).toBe(id);
      expect(logs).toContainEqual(expect.objectContaining({ request_id: id, status: 422 }));
    },
  );

  it.each(['', 'a b', 'a'.repeat(129), 'é', 'a\tb', ' '])('is made when "%s" is sent', async (id) => {
    const { headers } = await ada.get(conversation, { headers: { 'x-request-id': id } });

    expect(headers['x-request-id']).toMatch(UUID);
  });

  it('is made anew for each request, and stands on every answer', async () => {
    const answers = await Promise.all([
      ada.get(conversation),
      ada.post('/conversations'),
      ada.patch(message),
      nobody.get('/conversations'),
      nobody.get('/nowhere'),
      nobody.get('//healthz'),
      nobody.get('//docs'),
      ada.send('PUT', '/conversations'),
      ada.post('/conversations', '{'),
      ada.post('/conversations', 'x', { headers: { 'content-type': 'text/plain' } }),
    ]);

    const ids = answers.map(({ headers }) => headers['x-request-id']);
    expect(new Set(ids).size).toBe(answers.length);
    for (const id of ids) expect(id).toMatch(UUID);
  });
});

describe('an unknown route', () => {
  const unknown = [
    '/nowhere',
    '/conversation',
    '/Conversations',
    '/conversations/',
    '/conversations//status',
    `${conversation}/`,
    `${conversation}/nothing`,
    `${message}/feedback`,
    '//docs/nothing',
    '//admin',
    '//admin/api/v2',
    '//admin/api/v1/conversations',
    '//conversations',
    '//admin/api/v2//conversations',
    '//%2e%2e/etc/passwd',
    '/conversations%2f',
    '/日本',
  ];

  it('is 404, with a credential or without', async () => {
    for (const path of unknown)
      for (const client of [ada, nobody])
        for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS'])
          expectProblem(await client.send(method, path), 'route_not_found');
  });

  it('is 404 whatever the body is', async () => {
    expectProblem(await ada.post('/nowhere', '{'), 'route_not_found');
    expectProblem(
      await ada.post('/nowhere', 'x', { headers: { 'content-type': 'text/plain' } }),
      'route_not_found',
    );
  });

  it('is 404 also for a path that cannot be decoded', async () => {
    for (const path of [
      '/%zz',
      '/conversations/%zz',
      '/conversations/%c3',
      `/conversations/${'x'.repeat(9000)}`,
    ])
      expectProblem(await ada.get(path), 'route_not_found');
    expectProblem(await ada.get(`/conversations/${'x'.repeat(8000)}`), 'conversation_not_found');
  });
});

describe('another method', () => {
  const MISSING = { conversation_id: MISSING_ID, message_id: MISSING_ID, webhook_id: MISSING_ID };
  const paths = [...new Set(OPERATIONS.map(({ path }) => path))];
  const methodsOf = (path: string) =>
    OPERATIONS.filter((operation) => operation.path === path).flatMap(({ method }) =>
      method === 'GET' ? ['GET', 'HEAD'] : [method],
    );
  const allowed: [string, string, string[]][] = [
    ...paths.map((path): [string, string, string[]] => [
      path,
      `/${addressOf({ path }, MISSING)}`,
      methodsOf(path).sort(),
    ]),
    ['/healthz', '//healthz', ['GET', 'HEAD']],
  ];

  it.each(allowed)('than those of %s is 405 and told which there are', async (_, path, methods) => {
    const others = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'].filter(
      (method) => !methods.includes(method),
    );
    expect(others).toContain('PUT');
    expect(others).toContain('OPTIONS');
    for (const method of others) {
      for (const client of [ada, nobody]) {
        const answer = await client.send(method, path);
        expectProblem(answer, 'method_not_allowed');
        expect(answer.headers['allow']?.split(', ').sort()).toEqual(methods);
      }
    }
  });

  it('is 405 whatever the body is', async () => {
    expectProblem(await ada.send('PUT', '/conversations', '{'), 'method_not_allowed');
    expectProblem(
      await ada.send('PUT', conversation, 'x', { headers: { 'content-type': 'text/plain' } }),
      'method_not_allowed',
    );
  });

  it('of HTTP that nothing here has is 405 too', async () => {
    const answer = await exchange(url, `PROPFIND ${BASE}/conversations HTTP/1.1\r\n${headersOf()}`);

    expect(answer.status).toBe(405);
    expect(JSON.parse(answer.text)).toMatchObject({ code: 'method_not_allowed', status: 405 });
    expect(answer.headers['allow']).toContain('GET');
  });

  it('HEAD is answered as GET is, without the body and its length', async () => {
    for (const path of ['/conversations', conversation, `${conversation}/messages`, message]) {
      const got = await ada.get(path);
      const head = await exchange(url, `HEAD ${BASE}${path} HTTP/1.1\r\n${headersOf()}`);

      expect([head.status, head.text]).toEqual([200, '']);
      expect(head.headers['content-length']).toBeUndefined();
      expect(head.headers['content-type']).toBe(got.headers['content-type']);
    }
    const absent = await exchange(url, `HEAD ${BASE}/conversations/${MISSING_ID} HTTP/1.1\r\n${headersOf()}`);
    expect([absent.status, absent.text]).toEqual([404, '']);
    const status = await exchange(url, `HEAD ${BASE}${conversation}/status HTTP/1.1\r\n${headersOf()}`);
    expect([status.status, status.text, status.headers['allow']]).toEqual([405, '', 'PATCH']);
  });
});

describe('a request that may not be', () => {
  it('is told why', async () => {
    const unbound = as({ scopes: ['conversations:read', 'tenants:any'] });
    const reader = as({ tenant: 'acme', scopes: ['conversations:read'] });
    const unit = as({ tenant: 'acme', unit: 'u1' });

    const unauthenticated = await nobody.get('/conversations');
    expectProblem(unauthenticated, 'unauthenticated');
    expect(unauthenticated.headers['www-authenticate']).toMatch(/^Bearer/);
    expectProblem(await unbound.get('/conversations'), 'tenant_required');
    expectProblem(await ada.get('/conversations', { query: { tenant_id: 'b' } }), 'tenant_forbidden');
    expectProblem(
      await unit.get('/conversations', { query: { tenant_unit_id: 'u2' } }),
      'tenant_unit_forbidden',
    );
    expectProblem(await reader.post('/conversations'), 'insufficient_scope');
  });
});

describe('a body that cannot be read', () => {
  const invalid: [string, string | Buffer][] = [
    ['no JSON', '{"topic":}'],
    ['JSON that ends too early', '{"topic":"x"'],
    ['JSON with something behind it', '{}{}'],
    ['a trailing comma', '{"topic":"x",}'],
    ['single quotes', "{'topic':'x'}"],
    ['a comment', '{}//'],
    ['a form', 'topic=x'],
    ['white space alone', ' '],
    ['a line end in a string', '{"topic":"a\nb"}'],
    ['NaN', '{"inputs":{"n":NaN}}'],
    ['an overlong encoding', Buffer.from([0x22, 0xc0, 0x80, 0x22])],
    [
      'bytes that are no UTF-8',
      Buffer.concat([Buffer.from('{"topic":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]),
    ],
    [
      'a surrogate in UTF-8',
      Buffer.concat([Buffer.from('{"topic":"'), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from('"}')]),
    ],
    ['UTF-16', Buffer.from('{"topic":"x"}', 'utf16le')],
  ];

  it.each(invalid)('is 400: %s', async (_, body) => {
    expectProblem(await ada.post('/conversations', body), 'malformed_json');
    expectProblem(await ada.patch(conversation, body), 'malformed_json');
    expectProblem(await ada.post(`${conversation}/messages/batch`, body), 'malformed_json');
  });

  it('is 400 when it is shorter than announced', async () => {
    const headers = { 'content-length': '100' };

    expectProblem(await ada.post('/conversations', '{"topic":"x"}', { headers }), 'malformed_json');
  });

  it.each([
    'text/plain',
    'text/json',
    'application/xml',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/merge-patch+json',
    'application/jsonx',
    'json',
    '*/*',
    '',
  ])('is 415 with the content type "%s"', async (type) => {
    for (const [method, path] of [
      ['POST', '/conversations'],
      ['PATCH', conversation],
      ['POST', `${conversation}/messages/batch`],
    ] as const)
      expectProblem(
        await ada.send(method, path, '{}', { headers: { 'content-type': type } }),
        'unsupported_media_type',
      );
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded'])(
    'is absent, and not 415, when it is empty (%s)',
    async (type) => {
      for (const length of [[], ['Content-Length: 0']]) {
        const headers = headersOf(`Content-Type: ${type}`, ...length);
        const { status } = await exchange(url, `POST ${BASE}/conversations HTTP/1.1\r\n${headers}`);
        expect(status).toBe(201);
      }
    },
  );

  it('is absent, and not 415, when its length is not announced and it is empty', async () => {
    for (const type of [[], ['Content-Type: text/plain']]) {
      const headers = headersOf('Transfer-Encoding: chunked', ...type);
      const { status } = await exchange(url, `POST ${BASE}/conversations HTTP/1.1\r\n${headers}0\r\n\r\n`);
      expect(status).toBe(201);
    }
  });

  it.each([
    ['Content-Length: 2', '{}'],
    ['Transfer-Encoding: chunked', '2\r\n{}\r\n0\r\n\r\n'],
  ])('is 415 with no content type (%s)', async (length, body) => {
    const answer = await exchange(url, `POST ${BASE}/conversations HTTP/1.1\r\n${headersOf(length)}${body}`);

    expect(answer.status).toBe(415);
    expect(JSON.parse(answer.text)).toMatchObject({ code: 'unsupported_media_type' });
  });

  it.each(['application/json; charset=utf-8', 'application/JSON;charset="UTF-8"', 'Application/Json'])(
    'is read with the content type %s',
    async (type) => {
      const created = await ada.post('/conversations', '{"topic":"é"}', {
        headers: { 'content-type': type },
      });

      expect([created.status, created.body.topic]).toEqual([201, 'é']);
    },
  );
});

describe('a body that is too large', () => {
  const padded = (json: string, bytes: number) => json + ' '.repeat(bytes - json.length);
  const batch = JSON.stringify({ messages: [HELLO] });

  it('is 413 above 2 MiB for a change', async () => {
    const cases: [string, string, string, number][] = [
      ['PATCH', conversation, '{"topic":"x"}', 200],
      ['PATCH', `${conversation}/status`, '{}', 200],
      ['PATCH', message, '{}', 200],
    ];
    for (const [method, path, json, status] of cases) {
      expect((await ada.send(method, path, padded(json, 2 * MIB))).status).toBe(status);
      expectProblem(await ada.send(method, path, padded(json, 2 * MIB + 1)), 'payload_too_large');
    }
  });

  it('is 413 above 8 MiB for what takes messages', async () => {
    for (const [path, json] of [
      ['/conversations', '{}'],
      [`${conversation}/messages`, JSON.stringify(HELLO)],
      [`${conversation}/messages/batch`, batch],
    ] as const) {
      expect((await ada.post(path, padded(json, 8 * MIB))).status).toBe(201);
      expectProblem(await ada.post(path, padded(json, 8 * MIB + 1)), 'payload_too_large');
    }
  });

  it('is 413 above 100,000 values or 110 levels, whatever else is wrong with it', async () => {
    const nested = (depth: number) => `${'{"inputs":'.repeat(depth)}{}${'}'.repeat(depth)}`;
    const holding = (values: number) => JSON.stringify({ inputs: { a: Array(values - 3).fill(0) } });
    for (const [json, code] of [
      [nested(109), 'validation_failed'],
      [nested(110), 'payload_too_large'],
      [holding(100_000), 'validation_failed'],
      [holding(100_001), 'payload_too_large'],
      ['['.repeat(1_000_000), 'payload_too_large'],
      [`[${'1e0,[0],'.repeat(1_000_000)}`, 'payload_too_large'],
    ] as const) {
      const answer = await ada.post('/conversations', json);
      expect([json.slice(0, 30), answer.body.code]).toEqual([json.slice(0, 30), code]);
    }
  });

  it.each([
    ['createConversation', '/conversations', 8 * MIB + 1],
    ['createConversation', '/conversations', 12 * MIB],
    ['appendMessages', `${conversation}/messages/batch`, 8 * MIB + 1],
  ])('for %s is answered to a client that sends it to the end (%#)', async (_, path, bytes) => {
    const head = `POST ${BASE}${path} HTTP/1.1\r\n`;
    const type = 'Content-Type: application/json';
    const body = Buffer.alloc(bytes, ' ');
    const half = bytes >> 1;
    const chunk = (part: Buffer) => [`${part.length.toString(16)}\r\n`, part, '\r\n'];

    const announced = await exchange(url, head + headersOf(type, `Content-Length: ${bytes}`), body);
    const chunked = await exchange(
      url,
      head + headersOf(type, 'Transfer-Encoding: chunked'),
      ...chunk(body.subarray(0, half)),
      ...chunk(body.subarray(half)),
      '0\r\n\r\n',
    );

    for (const answer of [announced, chunked]) {
      expect(answer.status).toBe(413);
      expect(JSON.parse(answer.text)).toMatchObject({ code: 'payload_too_large', status: 413 });
    }
  });

  it('is answered to fetch', async () => {
    const answer = await fetch(`${url}${BASE}/conversations`, {
      method: 'POST',
      headers: { ...JSON_TYPE, authorization: `Bearer ${token}` },
      body: ' '.repeat(9 * MIB),
    });

    expect(answer.status).toBe(413);
    expect(await answer.json()).toMatchObject({ code: 'payload_too_large' });
  });
});

describe('a page about a problem that there is not', () => {
  it.each([
    ['validation_faild', 'Did you mean validation_failed?'],
    ['words', '/problems lists all.'],
  ])('says what may be meant by %s', async (code, hint) => {
    const { body } = await nobody.get(`//problems/${code}`);

    expect(body).toMatchObject({
      code: 'route_not_found',
      detail: `There is no problem with this code. ${hint}`,
    });
  });
});

describe('bytes that are no request', () => {
  const GET = `GET ${BASE}/conversations HTTP/1.1\r\n`;

  it.each([
    ['garbage', 'hello\r\n\r\n'],
    ['no such version', `GET ${BASE}/conversations HTTP/9.9\r\n\r\n`],
    ['a header without a name', `${GET}Host: x\r\n: x\r\n\r\n`],
    ['a header with a control character', `${GET}Host: x\r\nX-A: a\0b\r\n\r\n`],
    ['a length that is no number', `${GET}Host: x\r\nContent-Length: x\r\n\r\n`],
    ['a length and chunks', `${GET}Host: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`],
  ])('are answered with a problem: %s', async (_, bytes) => {
    const answer = await exchange(url, bytes);

    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
    const problem = JSON.parse(answer.text);
    expect(problem).toEqual({
      type: expect.stringMatching(/^\/problems\/[a-z_]+$/),
      title: expect.stringMatching(/\S/),
      status: answer.status,
      detail: expect.stringMatching(/\S/),
      instance: expect.stringMatching(/^\//),
      code: problem.type.split('/').at(-1),
      request_id: answer.headers['x-request-id'],
    });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(problem.request_id).toMatch(UUID);
    expect((await nobody.get(`/${problem.type}`)).status).toBe(200);
  });

  it('are 431 when the headers are too long', async () => {
    const answer = await exchange(url, `${GET}Host: x\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`);

    expect(answer.status).toBe(431);
    expect(JSON.parse(answer.text)).toMatchObject({ code: 'header_fields_too_large', status: 431 });
    expect(answer.headers['connection']).toBe('close');
  });

  it('do not keep the server from answering others', async () => {
    await exchange(url, 'hello\r\n\r\n');

    const answer = await exchange(url, `GET ${BASE}${conversation} HTTP/1.1\r\n${headersOf()}`);

    expect(answer.status).toBe(200);
  });
});
