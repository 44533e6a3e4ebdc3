import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { PROBLEMS } from '../../src/common/errors/problems.js';
import { createTestApp } from '../support/create-test-app.js';
import { exchange } from '../support/exchange.js';
import { expectProblem } from '../support/problems.js';

const PAGE = 'https://app.example.com';
const PUBLIC_URL = 'https://api.example.com/colloquy';

const { as, databaseUrl } = await createTestApp({
  environment: { CORS_ORIGINS: `${PAGE}, capacitor://app` },
});
const replica = (environment: Record<string, string>) => createTestApp({ databaseUrl, environment });
const open = await replica({ CORS_ORIGINS: '*' });
const behindProxy = await replica({ PUBLIC_URL: `${PUBLIC_URL}/`, SWAGGER: 'on' });
const quiet = await replica({ SWAGGER: 'off' });

const PREFLIGHT = {
  'access-control-request-method': 'POST',
  'access-control-request-headers': 'authorization',
};

describe('a web page of another origin', () => {
  const ada = as({ tenant: 'acme' });

  it('may call the API when its origin is listed, and reads the headers that matter', async () => {
    for (const origin of [PAGE, 'capacitor://app']) {
      const { status, headers } = await ada.post('/conversations', {}, { headers: { origin } });

      expect([status, headers['access-control-allow-origin'], headers.vary]).toEqual([201, origin, 'Origin']);
      expect(headers['access-control-expose-headers']).toBe(
        'ETag, Location, Idempotency-Replayed, Retry-After, X-Request-Id, RateLimit, RateLimit-Policy',
      );
      expect(headers).not.toHaveProperty('access-control-allow-credentials');
    }
  });

  it('reads why it was refused', async () => {
    const refused = await as().get('/conversations', { headers: { origin: PAGE } });

    expectProblem(refused, 'unauthenticated');
    expect(refused.headers['access-control-allow-origin']).toBe(PAGE);
  });

  it('asks before, without a credential, and is answered for any path', async () => {
    for (const path of ['/conversations', '/conversations/x/status', '//no/such/path']) {
      const { status, headers, text } = await as().send('OPTIONS', path, undefined, {
        headers: { origin: PAGE, ...PREFLIGHT },
      });

      expect([path, status, text]).toEqual([path, 204, '']);
      expect(headers).toMatchObject({
        'access-control-allow-origin': PAGE,
        'access-control-allow-methods': expect.stringMatching(/GET.*POST.*PATCH.*DELETE/),
        'access-control-allow-headers': expect.stringMatching(
          /Authorization.*Content-Type.*Idempotency-Key.*If-Match.*X-API-Key/,
        ),
        'access-control-max-age': expect.stringMatching(/^\d+$/),
      });
    }
  });

  it('that is not listed is told nothing', async () => {
    for (const origin of ['https://evil.example', `${PAGE}.evil.example`, 'null', 'http://app.example.com']) {
      const headers = { origin, ...PREFLIGHT };
      const answered = await ada.get('/conversations', { headers: { origin } });
      const preflight = await ada.send('OPTIONS', '/conversations', undefined, { headers });

      expect(answered.headers).not.toHaveProperty('access-control-allow-origin');
      expectProblem(preflight, 'method_not_allowed');
      expect(preflight.headers).not.toHaveProperty('access-control-allow-origin');
    }
  });

  it('is any one with `*`', async () => {
    const { headers } = await open
      .as({ tenant: 'acme' })
      .get('/conversations', { headers: { origin: 'https://anybody.example' } });

    expect(headers['access-control-allow-origin']).toBe('*');
    expect(headers).not.toHaveProperty('vary');
  });

  it('is none by default', async () => {
    const { headers } = await quiet
      .as({ tenant: 'acme' })
      .get('/conversations', { headers: { origin: PAGE } });

    expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });
});

describe('behind a proxy that strips a prefix', () => {
  const ada = behindProxy.as({ tenant: 'acme' });

  it('PUBLIC_URL stands before where things are', async () => {
    const { headers, body } = await ada.post('/conversations');

    expect(headers.location).toBe(`${PUBLIC_URL}/admin/api/v2/conversations/${body.id}`);
    expect((await ada.get('//openapi.json')).body.servers).toMatchObject([{ url: PUBLIC_URL }]);
    expect((await ada.get('//')).headers.location).toBe(`${PUBLIC_URL}/docs`);
  });

  it('and before the types of problems, from every layer', async () => {
    const url = await behindProxy.listen();
    const answers = [
      (await ada.get('/conversations/x')).body,
      (await ada.get('//%zz')).body,
      (await behindProxy.as().get('/conversations')).body,
      JSON.parse((await exchange(url, 'garbage\r\n\r\n')).text),
    ];

    for (const { type, code } of answers) expect(type).toBe(`${PUBLIC_URL}/problems/${code}`);
    expect((await behindProxy.as().get('//problems/unavailable')).text).toContain(
      `${PUBLIC_URL}/problems/unavailable`,
    );
  });
});

describe('outside of the API', () => {
  it('the root leads to the documentation, or is a small page without it', async () => {
    const { status, headers } = await as().get('//');
    const welcome = await quiet.as().get('//');

    expect([status, headers.location]).toEqual([302, './docs']);
    expect([welcome.status, welcome.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(welcome.text).toContain('<h1>Colloquy</h1>');
  });

  it('the version is that of the package', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8'));

    expect((await as().get('//version')).body).toEqual({ name: 'colloquy', version, commit: null });
    expect((await as().get('//openapi.json')).body.info.version).toBe(version);
  });

  it('the index of problems leads to the page of each, with what to do and an example', async () => {
    const index = await as().get('//problems');
    const links = [...index.text.matchAll(/href="problems\/(\w+)"/g)].map(([, code]) => code);

    expect(index.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(links).toEqual(Object.keys(PROBLEMS));
    for (const code of links) {
      const { text } = await as().get(`//problems/${code}`);
      expect(text).toMatch(/<meta name="viewport"/);
      expect(text).toMatch(/<h2>What to do<\/h2>\n<p>\S/);
      expect(text).toContain(`&quot;code&quot;: &quot;${code}&quot;`);
    }
  });
});
