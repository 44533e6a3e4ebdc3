import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from '@jest/globals';
import { createMonitoringServer } from '../../src/app.setup.js';
import { PROBLEMS } from '../../src/common/errors/problems.js';
import { exchange } from '../support/exchange.js';
import { startCommand } from '../support/command.js';
import { createTestApp } from '../support/create-test-app.js';
import { tokenFor } from '../support/test-client.js';

const { as, logs, databaseUrl } = await createTestApp();
const quiet = await createTestApp({ databaseUrl, environment: { METRICS_PORT: '0', SWAGGER: 'off' } });

const anybody = as();
const ada = as({ tenant: 'acme', sub: 'ada' });

describe('health', () => {
  it('needs no credential', async () => {
    const alive = await anybody.get('//healthz');
    const ready = await anybody.get('//readyz');

    expect([alive.status, alive.body]).toEqual([200, { status: 'ok' }]);
    expect([ready.status, ready.body]).toEqual([200, { status: 'ok' }]);
  });
});

describe('metrics', () => {
  it('count requests by method, route and status, and never by what stands in a path', async () => {
    const { body } = await ada.post('/conversations');
    for (let n = 0; n < 3; n++) await ada.get(`/conversations/${body.id}`);
    await as({ tenant: 'metrics' }).get('/conversations/secret-in-the-path');
    await anybody.get('//no/such/path');

    const { status, headers, text } = await anybody.get('//metrics');

    expect(status).toBe(200);
    expect(headers['content-type']).toMatch('text/plain; version=0.0.4');
    const count = (labels: string) =>
      Number(new RegExp(`^http_request_duration_seconds_count\\{${labels}\\} (\\d+)$`, 'm').exec(text)?.[1]);
    const route = 'route="/admin/api/v2/conversations/:conversation_id"';
    expect(count(`method="GET",${route},status="200"`)).toBeGreaterThanOrEqual(3);
    expect(count(`method="GET",${route},status="404"`)).toBe(1);
    expect(count('method="POST",route="/admin/api/v2/conversations",status="201"')).toBeGreaterThanOrEqual(1);
    expect(count('method="GET",route="none",status="404"')).toBe(1);
    expect(text).toMatch(/^http_request_duration_seconds_bucket\{le="0\.005",method="GET",/m);
    expect(text).not.toMatch(/secret-in-the-path|no\/such\/path/);
    expect(text).not.toContain(body.id);
  });

  it('tell of the event loop, the process and the pool', async () => {
    const { text } = await anybody.get('//metrics');

    expect(text).toMatch(/^nodejs_eventloop_lag_p99_seconds \d/m);
    expect(text).toMatch(/^process_cpu_seconds_total \d/m);
    expect(text).toMatch(/^process_resident_memory_bytes \d/m);
    const pool = [...text.matchAll(/^database_pool_connections\{state="(\w+)"\} \d+$/gm)].map(
      ([, state]) => state,
    );
    expect(pool.sort()).toEqual(testEngine !== 'sqlite' ? ['free', 'used', 'waiting'] : []);
  });

  it('move to a port of their own, with health', async () => {
    const operations = createMonitoringServer(quiet.app);
    for (const path of ['/healthz', '/readyz', '/metrics']) {
      const { status, body } = await quiet.as().get(`/${path}`);
      expect([path, status, body.code]).toEqual([path, 404, 'route_not_found']);
      expect([path, (await operations.inject(path)).statusCode]).toEqual([path, 200]);
    }
    const posted = await operations.inject({ method: 'POST', url: '/healthz' });
    expect([posted.statusCode, posted.json().code]).toEqual([405, 'method_not_allowed']);
    expect(posted.headers.allow).toContain('GET');
    const elsewhere = await operations.inject('/conversations');
    expect([elsewhere.statusCode, elsewhere.json().code]).toEqual([404, 'route_not_found']);
    const url = await operations.listen({ port: 0, host: '127.0.0.1' });
    for (const [requestHead, code] of [
      ['GET /%zz HTTP/1.1\r\nHost: x\r\n', 'route_not_found'],
      ['GET /healthz HTTP/1.1\r\n', 'malformed_request'],
      ['GET /healthz HTTP/1.1\r\nHost: x\r\nExpect: wonders\r\n', 'malformed_request'],
      ['CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n', 'malformed_request'],
      ['GET /healthz\r\n', 'malformed_request'],
    ] as const) {
      const answer = await exchange(url, `${requestHead}Connection: close\r\n\r\n`);
      expect([requestHead, JSON.parse(answer.text).code]).toEqual([requestHead, code]);
    }
    await operations.close();
  });
});

describe('the log', () => {
  it('has one line for each request, with all that identifies it and nothing of what was said', async () => {
    const from = logs.length;
    const secret = 'Tell nobody: Zebra-4711';
    const token = await tokenFor({ tenant: 'acme' });
    const { body } = await ada.post('/conversations', { topic: secret, inputs: { secret } });
    const path = `/conversations/${body.id}/messages`;
    await ada.post(
      path,
      { message_from: 'user', content: secret },
      { headers: { 'x-request-id': 'mine-1' } },
    );
    await ada.post(path, { message_from: secret, content: secret });
    await ada.post(path, `{"content": "${secret}`);
    await ada.get('/conversations', { query: { user_id: 'Zebra-4711', assignment_id: secret } });
    await anybody.get(`//Zebra-4711?token=${token}`);
    await anybody.get('/conversations', { headers: { authorization: 'Bearer Zebra-4711' } });

    const lines = logs.slice(from).filter(({ message }) => message === 'request');
    const messages = '/admin/api/v2/conversations/:conversation_id/messages';
    const list = '/admin/api/v2/conversations';
    expect(lines.map(({ method, route, status, tenant_id }) => [method, route, status, tenant_id])).toEqual([
      ['POST', list, 201, 'acme'],
      ['POST', messages, 201, 'acme'],
      ['POST', messages, 422, 'acme'],
      ['POST', messages, 400, 'acme'],
      ['GET', list, 422, 'acme'],
      ['GET', 'none', 404, undefined],
      ['GET', list, 401, undefined],
    ]);
    expect(lines.map(({ code }) => code)).toEqual([
      ...[undefined, undefined, 'validation_failed', 'malformed_json', 'validation_failed'],
      ...['route_not_found', 'unauthenticated'],
    ]);
    expect(lines[0]).toMatchObject({ principal: 'ada', created_id: body.id });
    expect(lines[2]).toMatchObject({ principal: 'ada', conversation_id: body.id });
    expect(lines[4]).not.toHaveProperty('principal');
    expect(lines[1]).toMatchObject({ level: 'info', request_id: 'mine-1', duration_ms: expect.any(Number) });
    expect(new Set(lines.map(({ request_id }) => request_id)).size).toBe(lines.length);
    expect(JSON.stringify(logs)).not.toMatch(/Zebra/);
    expect(JSON.stringify(logs)).not.toContain(token.slice(0, 30));
  });
});

describe('every answer', () => {
  it.each(['//healthz', '//docs', '//no/such/path', '/conversations'])(
    'of %s carries the security headers',
    async (path) => {
      const { headers } = await ada.get(path);

      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'SAMEORIGIN',
        'referrer-policy': 'no-referrer',
        'strict-transport-security': expect.stringMatching(/^max-age=\d+/),
        'content-security-policy': expect.stringContaining("default-src 'self'"),
        'x-request-id': expect.stringMatching(/./),
        'cache-control': expect.stringMatching(/^private, no-cache$|^public, max-age=0$/),
      });
      expect(headers['content-security-policy']).not.toMatch(/unsafe-eval|https?:|\*/);
      expect(headers).not.toHaveProperty('x-powered-by');
      expect(headers).not.toHaveProperty('server');
    },
  );
});

describe('Swagger', () => {
  it('is there, and with SWAGGER=off is not', async () => {
    for (const path of ['//docs', '//openapi.json']) {
      expect([path, (await anybody.get(path)).status]).toEqual([path, 200]);
      const { status, body } = await quiet.as().get(path);
      expect([path, status, body.code]).toEqual([path, 404, 'route_not_found']);
    }
  });

  it('is sent again only when it has changed', async () => {
    for (const path of ['//docs', '//openapi.json', '//docs/swagger-ui-bundle.js']) {
      const { headers } = await anybody.get(path);
      const again = await anybody.get(path, { headers: { 'if-none-match': headers['etag'] ?? '' } });
      expect([path, again.status, again.text]).toEqual([path, 304, '']);
    }
  });
});

describe('the page of a problem', () => {
  it.each(Object.entries(PROBLEMS))('%s says what it means', async (code, { status, title }) => {
    const page = await anybody.get(`//problems/${code}`);

    expect(page.status).toBe(200);
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(page.text).toContain(`<h1>${title}</h1>`);
    expect(page.text).toContain(`<code>${code}</code>, HTTP status ${status}`);
  });

  it.each(['unheard_of', 'toString', '__proto__'])('%s is not there', async (code) => {
    const { status, body } = await anybody.get(`//problems/${code}`);

    expect([status, body.code]).toEqual([404, 'route_not_found']);
  });
});

describe('a process that is told to stop', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'finishes what it was asked and ends with 0 (%s)',
    async (signal) => {
      const { child, port } = await startService();
      const exit = once(child, 'exit');
      const body = JSON.stringify({ topic: 'In flight' });
      const call = request({
        port,
        host: '127.0.0.1',
        method: 'POST',
        path: '/admin/api/v2/conversations',
        headers: {
          'content-type': 'application/json',
          'content-length': body.length,
          expect: '100-continue',
        },
      });
      const answered = once(call, 'response');
      call.flushHeaders();
      await once(call, 'continue');

      child.kill(signal);
      while (await isListening(port)) await sleep(5);
      call.end(body);

      const [response] = await answered;
      expect(response.statusCode).toBe(201);
      expect(response.headers.connection).toBe('close');
      const conversation = JSON.parse(await text(response));
      expect(await exit).toEqual([0, null]);
      const stored = await quiet
        .as({ tenant: conversation.tenant_id })
        .get(`/conversations/${conversation.id}`);
      expect(stored.body.topic).toBe('In flight');
    },
    20_000,
  );

  it('ends with 0 though nobody reads its log any more', async () => {
    const { child } = await startService();
    const exit = once(child, 'exit');
    child.stdout?.destroy();

    child.kill('SIGTERM');

    expect(await exit).toEqual([0, null]);
  }, 20_000);
});

async function startService() {
  const child = startCommand('main.ts', [], {
    DATABASE_URL: databaseUrl,
    AUTH_MODE: 'none',
    PORT: '0',
    METRICS_PORT: '0',
  });
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  while (!output.includes('listens on')) {
    if (child.exitCode !== null) throw new Error(`The service ended: ${output}`);
    await sleep(20);
  }
  return { child, port: Number(/listens on http:\/\/127\.0\.0\.1:(\d+)/.exec(output)?.[1]) };
}

const isListening = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, '127.0.0.1')
      .on('connect', () => {
        socket.destroy();
        resolve(true);
      })
      .on('error', () => resolve(false));
  });
