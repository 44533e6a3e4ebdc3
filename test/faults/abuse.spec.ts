import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { exchange } from '../support/exchange.js';
import { tell } from './support/figures.js';
import { Neighbour } from './support/neighbour.js';
import { newDirectory } from './support/processes.js';
import { RudeClient } from './support/rude-client.js';
import { Service } from './support/service.js';
import { until } from '../support/until.js';

const PATH = '/admin/api/v2/conversations';
const HOST = 'Host: localhost\r\n';
const JSON_TYPE = 'Content-Type: application/json\r\n';
const SECONDS = 1000;
/** Longer than any request may take to arrive; whoever is still connected then was not cut off. */
const TOO_LONG_MS = 90 * SECONDS;
const WANTED_CONNECTIONS = 10_000;
/** What each process keeps for its own files. */
const SPARE_FILES = 500;

const service = await Service.start(`sqlite:${join(newDirectory(tmpdir()), 'faults.sqlite')}`);
const neighbour = await Neighbour.of(service);
afterAll(() => neighbour.stop());

const get = (path: string, headers = HOST): string => `GET ${path} HTTP/1.1\r\n${headers}\r\n`;
const head = (headers: string): string => `POST ${PATH} HTTP/1.1\r\n${HOST}${JSON_TYPE}${headers}\r\n`;
const post = (body: string | Buffer, headers = ''): Buffer =>
  Buffer.concat([
    Buffer.from(head(`${headers}Content-Length: ${Buffer.byteLength(body)}\r\n`)),
    Buffer.from(body),
  ]);

type Case = [what: string, code: string, bytes: string | Buffer];

const REQUESTS: Case[] = [
  ['no Host', 'malformed_request', get(PATH, '')],
  ['two Hosts', 'malformed_request', get(PATH, `${HOST}Host: y\r\n`)],
  ['an expectation', 'malformed_request', get(PATH, `${HOST}Expect: tea\r\n`)],
  ['CONNECT', 'malformed_request', `CONNECT x:80 HTTP/1.1\r\n${HOST}\r\n`],
  ['a target of another scheme', 'route_not_found', get('ftp://x/')],
  ['an origin with a path that is not there', 'route_not_found', get('http://x/nowhere')],
  ['the target *', 'route_not_found', `OPTIONS * HTTP/1.1\r\n${HOST}\r\n`],
  ['a target without a slash', 'malformed_request', get('conversations')],
  ['another protocol', 'malformed_request', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['TLS', 'malformed_request', Buffer.from('16030100a50100', 'hex')],
  ['an unknown method', 'malformed_request', get(PATH).replace('GET', 'STEAL')],
  ['a known method that the path has not', 'method_not_allowed', get(PATH).replace('GET', 'TRACE')],
  ['lines that end without CR', 'malformed_request', `GET ${PATH} HTTP/1.1\nHost: localhost\n\n`],
  ['a folded header', 'malformed_request', get(PATH, `${HOST}X-A: b\r\n c\r\n`)],
  ['3,000 headers', 'header_fields_too_large', get(PATH, HOST + 'a: b\r\n'.repeat(3000))],
  ['a header of 20,000 bytes', 'header_fields_too_large', get(PATH, `${HOST}A: ${'b'.repeat(20_000)}\r\n`)],
  ['a path of 20,000 bytes', 'header_fields_too_large', get(`${PATH}/${'x'.repeat(20_000)}`)],
];

const FRAMING: Case[] = (
  [
    ['a length and chunks', 'Content-Length: 6\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\nG'],
    ['chunks that are gzip', 'Transfer-Encoding: gzip\r\n', '{}'],
    ['chunks that are not quite', 'Transfer-Encoding: xchunked\r\n', '0\r\n\r\n'],
    ['chunks, then identity', 'Transfer-Encoding: chunked, identity\r\n', '0\r\n\r\n'],
    ['chunks and identity', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n', '0\r\n\r\n'],
    ['a space before the colon', 'Transfer-Encoding : chunked\r\n', '0\r\n\r\n'],
    ['a negative length', 'Content-Length: -1\r\n', '{}'],
    ['a signed length', 'Content-Length: +2\r\n', '{}'],
    ['two lengths', 'Content-Length: 2\r\nContent-Length: 3\r\n', '{}'],
    ['a list of lengths', 'Content-Length: 2, 2\r\n', '{}'],
    ['a length beyond 64 bits', `Content-Length: ${'9'.repeat(20)}\r\n`, '{}'],
    ['a chunk of no size', 'Transfer-Encoding: chunked\r\n', 'zz\r\n{}\r\n0\r\n\r\n'],
    ['a chunk of negative size', 'Transfer-Encoding: chunked\r\n', '-2\r\n{}\r\n0\r\n\r\n'],
    ['a chunk beyond 64 bits', 'Transfer-Encoding: chunked\r\n', `${'F'.repeat(18)}\r\n{}\r\n0\r\n\r\n`],
    ['an endless extension', 'Transfer-Encoding: chunked\r\n', `2;${'a'.repeat(20_000)}\r\n{}\r\n0\r\n\r\n`],
  ] as const
).map(([what, headers, rest]) => [what, 'malformed_request', head(headers) + rest]);

const PATHS: Case[] = [
  ['%2e%2e', 'route_not_found', get('/admin/api/v2/%2e%2e/v2/conversations')],
  ['..', 'route_not_found', get(`${PATH}/../conversations`)],
  ['NUL', 'conversation_not_found', get(`${PATH}/%00`)],
  ['an encoded slash', 'route_not_found', get(`${PATH}%2F`)],
  ['a slash encoded in an id', 'conversation_not_found', get(`${PATH}/..%2F..%2Fetc%2Fpasswd`)],
  ['two slashes', 'route_not_found', get(`/${PATH}`)],
  ['a slash at the end', 'route_not_found', get(`${PATH}/`)],
  ['a backslash', 'route_not_found', get('/admin/api/v2\\conversations')],
  ['a wrong percent', 'route_not_found', get(`${PATH}/%zz`)],
  ['a percent that is no UTF-8', 'route_not_found', get(`${PATH}/%ff%fe`)],
  ['bytes that are no ASCII', 'malformed_request', Buffer.from(get(`${PATH}/\xff\xfe`), 'latin1')],
  ['files beside those of Swagger UI', 'route_not_found', get('/docs/%2e%2e/%2e%2e/package.json')],
  ['a wrong percent in the query', 'validation_failed', get(`${PATH}?agent_id=%zz`)],
  ['__proto__ in the query', 'validation_failed', get(`${PATH}?__proto__=1`)],
  ['a thousand values', 'validation_failed', get(`${PATH}?${'status=running&'.repeat(1000)}`)],
  ['a page of 400 digits', 'validation_failed', get(`${PATH}?page_num=${'9'.repeat(400)}`)],
];

const BODIES: Case[] = [
  ['__proto__', 'validation_failed', post('{"__proto__":{"topic":"x"}}')],
  ['constructor', 'validation_failed', post('{"constructor":{"prototype":{"topic":"x"}}}')],
  ['a member twice', 'malformed_json', post('{"topic":"a","topic":"b"}')],
  ['a member twice, escaped', 'malformed_json', post('{"topic":"a","t\\u006fpic":"b"}')],
  ['a member twice, further in', 'malformed_json', post('{"inputs":{"a":1,"a":2}}')],
  ['what is no UTF-8', 'malformed_json', post(Buffer.from('{"topic":"\xff"}', 'latin1'))],
  ['UTF-16', 'malformed_json', post(Buffer.from('{}', 'utf16le'))],
  ['two byte order marks', 'malformed_json', post('\ufeff\ufeff{}')],
  ['half a surrogate pair', 'validation_failed', post('{"topic":"\\ud800"}')],
  ['NUL', 'malformed_json', post('{"topic":"a\0"}')],
  ['arrays 500,000 deep', 'payload_too_large', post(`{"inputs":{"a":${'['.repeat(5e5)}${']'.repeat(5e5)}}}`)],
  ['a million open arrays', 'payload_too_large', post('['.repeat(1e6))],
  ['objects 200,000 deep', 'payload_too_large', post(`${'{"a":'.repeat(2e5)}1${'}'.repeat(2e5)}`)],
  ['objects 101 deep', 'validation_failed', post(`{"inputs":${'{"a":'.repeat(100)}{}${'}'.repeat(100)}}`)],
  [
    '100,000 members',
    'payload_too_large',
    post(JSON.stringify(Object.fromEntries(Array(1e5).fill(1).entries()))),
  ],
  ['a number beyond all', 'validation_failed', post('{"topic":1e999999}')],
  ['a number of 100,000 digits', 'validation_failed', post(`{"inputs":{"a":${'9'.repeat(1e5)}}}`)],
  ['gzip', 'unsupported_media_type', post(Buffer.from('1f8b0800', 'hex'), 'Content-Encoding: gzip\r\n')],
  [
    'a type that is none',
    'unsupported_media_type',
    get(PATH, `${HOST}Content-Type: ;\r\nContent-Length: 2\r\n`).replace('GET', 'POST') + '{}',
  ],
  ['a terabyte', 'payload_too_large', head('Content-Length: 1000000000000\r\n') + '{'],
];

/** Files and connections that the service has open. */
const openFiles = (): number => readdirSync(`/proc/${service.process.pid}/fd`).length;

afterEach(async () => {
  expect(service.process.hasEnded).toBe(false);
  expect(service.process.output).not.toMatch(/unhandled|uncaught|"level":"(error|fatal)"/i);
  expect((await service.send('GET', '/metrics')).text).not.toMatch(/status="5/);
  expect(neighbour.failures).toEqual([]);
});

describe.each([
  ['a request', REQUESTS],
  ['framing', FRAMING],
  ['a path', PATHS],
  ['a body', BODIES],
])('%s out of order', (_, cases) => {
  it.each(cases)('%s: %s', async (_what, code, bytes) => {
    const { status, headers, text } = await exchange(service.url, bytes);

    expect(JSON.parse(text)).toMatchObject({ code, status, request_id: headers['x-request-id'] });
    expect(headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
  });
});

describe('what is odd and in order', () => {
  it.each([
    ['a target with its origin', get(`http://elsewhere${PATH}`)],
    ['HTTP/1.0 without Host', get(PATH, '').replace('1.1', '1.0')],
    ['an upgrade that is not offered', get(PATH, `${HOST}Connection: upgrade\r\nUpgrade: websocket\r\n`)],
  ])('%s is answered', async (_, bytes) => {
    const { status, text } = await exchange(service.url, bytes);

    expect([status, JSON.parse(text).page_num]).toEqual([200, 1]);
  });

  it('an origin without a path is its root, which leads to the docs', async () => {
    const { status, headers } = await exchange(service.url, get('http://elsewhere'));

    expect([status, headers['location']]).toEqual([302, './docs']);
  });

  it('is kept as it is, and changes nothing else', async () => {
    const inputs = `{"__proto__":{"topic":"polluted"},"constructor":1e400,"n":${'9'.repeat(1000)}}`;

    const created = await exchange(service.url, post(`{"inputs":${inputs}}`));
    const next = await service.send('POST', '/conversations', {});

    expect([created.status, next.status, next.body.topic]).toEqual([201, 201, 'New Conversation']);
    expect((await service.send('GET', `/conversations/${JSON.parse(created.text).id}`)).text).toContain(
      inputs,
    );
  });
});

describe('clients without end', () => {
  it('are cut off when they send slowly, or half, or nothing, and nobody waits for them', async () => {
    const files = openFiles();
    neighbour.takeP99Ms();
    await sleep(5 * SECONDS);
    const before = neighbour.takeP99Ms();
    const clients = (count: number, bytes: string) =>
      Array.from({ length: count }, () => new RudeClient(service.url, bytes));
    const groups = {
      'say nothing': clients(300, ''),
      'send half of the headers': clients(300, `GET ${PATH} HTTP/1.1\r\nHo`),
      'send half of the body': clients(300, head('Content-Length: 100\r\n') + '{"topic":'),
      'send half of a chunk': clients(100, head('Transfer-Encoding: chunked\r\n') + '50\r\n{'),
      'do not stop reading': clients(100, `CONNECT x:80 HTTP/1.1\r\n${HOST}\r\n`),
    };
    const slowHeaders = clients(300, `GET ${PATH} HTTP/1.1\r\nHost: x\r\nX-A: `);
    const slowBodies = clients(300, head('Content-Length: 100000\r\n'));
    const all = [...Object.values(groups).flat(), ...slowHeaders, ...slowBodies];
    // Behind what has arrived meanwhile: a byte sent into a connection that is closed makes the kernel throw away the
    // answer that was not read yet.
    const trickle = setInterval(() => {
      setImmediate(() => {
        for (const client of [...slowHeaders, ...slowBodies]) client.send('1');
      });
    }, SECONDS);
    const start = performance.now();

    await until('all are cut off', () => all.every(({ isCutOff }) => isCutOff), TOO_LONG_MS);
    const lastMs = performance.now() - start;
    clearInterval(trickle);
    const during = neighbour.takeP99Ms();
    await until('their connections are closed', () => openFiles() < files + all.length / 10);

    for (const { statuses } of [...groups['send half of the headers'], ...slowHeaders, ...slowBodies])
      expect(statuses).toEqual([408]);
    expect(groups['send half of the body'].map(({ statuses }) => statuses)).toEqual(Array(300).fill([408]));
    tell(`${all.length} slow clients`, {
      'the last was cut off after s': Math.round(lastMs / SECONDS),
      "a neighbour's p99 before and meanwhile in ms": `${before} and ${during}`,
    });
    for (const client of all) client.destroy();
  });

  it(`are served when they are ${WANTED_CONNECTIONS} that keep their connections`, async () => {
    const limit = execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).trim();
    const allowed = limit === 'unlimited' ? Infinity : Number(limit) - SPARE_FILES;
    const connections = Math.min(WANTED_CONNECTIONS, allowed);
    const files = openFiles();
    neighbour.takeP99Ms();
    await sleep(3 * SECONDS);
    const before = neighbour.takeP99Ms();
    const clients: RudeClient[] = [];
    const request = get('/healthz');

    while (clients.length < connections) {
      const wave = Array.from(
        { length: Math.min(500, connections - clients.length) },
        () => new RudeClient(service.url, request),
      );
      await until('a wave is answered', () => wave.every(({ statuses }) => statuses.length > 0));
      clients.push(...wave);
    }
    const megabytes = service.megabytes;
    neighbour.takeP99Ms();
    await sleep(3 * SECONDS);
    const during = neighbour.takeP99Ms();

    expect(openFiles()).toBeGreaterThanOrEqual(connections);
    expect(new Set(clients.flatMap(({ statuses }) => statuses))).toEqual(new Set([200]));
    for (const client of clients.slice(-1000)) client.send(request);
    await until('they are still served', () =>
      clients.slice(-1000).every(({ statuses }) => statuses.join() === '200,200'),
    );
    for (const client of clients) client.destroy();
    await until('their connections are closed', () => openFiles() < files + connections / 10);
    tell(`${connections} connections that are kept alive`, {
      'limit of open files': limit,
      'memory of the service in MB': megabytes,
      "a neighbour's p99 before and meanwhile in ms": `${before} and ${during}`,
    });
  });

  it('that flood with nonsense do not keep neighbours from being served', async () => {
    neighbour.takeP99Ms();
    await sleep(3 * SECONDS);
    const before = neighbour.takeP99Ms();
    // What is large costs its sender as much as it costs the service.
    const nonsense = [...REQUESTS, ...FRAMING, ...PATHS].map(([, , bytes]) => bytes);
    let answered = 0;
    let isFlooding = true;
    const flood = Array.from({ length: 20 }, async (_, client) => {
      for (let n = client; isFlooding; n++) {
        const { status } = await exchange(service.url, nonsense[n % nonsense.length] ?? '');
        expect(status).toBeLessThan(500);
        answered++;
      }
    });

    await sleep(5 * SECONDS);
    const during = neighbour.takeP99Ms();
    isFlooding = false;
    await Promise.all(flood);

    expect(answered).toBeGreaterThan(nonsense.length);
    tell('20 clients that send nonsense', {
      'refused a second': Math.round(answered / 5),
      "a neighbour's p99 before and meanwhile in ms": `${before} and ${during}`,
    });
  });
});
