import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { createTestApp } from '../support/create-test-app.js';
import { exchange } from '../support/exchange.js';
import { tokenFor } from '../support/test-client.js';
import { until } from '../support/until.js';

const { listen } = await createTestApp();
const url = await listen();
const PATH = '/admin/api/v2/conversations';
const bearer = `Authorization: Bearer ${await tokenFor({ tenant: 'acme' })}`;
const reader = `Authorization: Bearer ${await tokenFor({ tenant: 'acme', scopes: ['conversations:read'] })}`;

/** The head of a POST with these header lines. */
const head = (path: string, ...headers: string[]): string =>
  [`POST ${path} HTTP/1.1`, 'Host: x', 'Content-Type: application/json', ...headers, '\r\n'].join('\r\n');

/** A connection that has sent these bytes, and all that it has received. */
async function sending(bytes: string | Buffer): Promise<{ socket: Socket; received: () => string }> {
  const { port, hostname } = new URL(url);
  const socket = connect(Number(port), hostname);
  let received = '';
  socket.on('data', (chunk) => (received += chunk.toString('latin1')));
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(bytes);
  return { socket, received: () => received };
}

describe('a request that is refused for who sends it', () => {
  it.each([
    ['without a credential', 401, [PATH]],
    ['without the scope', 403, [PATH, reader]],
    ['for another tenant', 403, [`${PATH}?tenant_id=other`, bearer]],
    ['for a path that is none', 404, ['/no/such/path', bearer]],
  ] as const)('is refused before its body has come (%s)', async (_, status, [path, ...headers]) => {
    const { socket, received } = await sending(head(path, ...headers, 'Content-Length: 1000'));

    await until('it is answered', () => received().includes('\r\n\r\n'));

    expect(received()).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    socket.destroy();
  });

  it('is not told to send its body', async () => {
    const expecting = ['Expect: 100-continue', 'Content-Length: 2'];
    const refused = await sending(head(PATH, ...expecting));
    const admitted = await sending(head(PATH, bearer, ...expecting));

    await until(
      'it is answered',
      () => refused.received().includes('\r\n\r\n') && admitted.received().includes('\r\n\r\n'),
    );

    expect(refused.received()).toMatch(/^HTTP\/1.1 401 /);
    expect(refused.received()).toMatch(/^connection: close\r$/im);
    expect(admitted.received()).toMatch(/^HTTP\/1.1 100 /);
    admitted.socket.write('{}');
    await until('it is answered', () => admitted.received().includes('HTTP/1.1 201 '));
    refused.socket.destroy();
    admitted.socket.destroy();
  });

  it('may go on with another one behind a small body', async () => {
    const body = 'x'.repeat(60_000);
    const { socket, received } = await sending(head(PATH, `Content-Length: ${body.length}`) + body);
    await until('it is answered', () => received().includes('\r\n\r\n'));

    socket.write(head(PATH, bearer, 'Content-Length: 2') + '{}');

    await until('it is answered', () => received().includes('HTTP/1.1 201 '));
    socket.destroy();
  });

  it('is cut off behind 64 KiB of a large one', async () => {
    const { socket, received } = await sending(head(PATH, 'Content-Length: 8000000'));
    const closed = once(socket, 'close');
    await until('it is answered', () => received().includes('\r\n\r\n'));

    socket.write(Buffer.alloc(1_000_000, ' '));

    await closed;
    expect(received()).toMatch(/^HTTP\/1.1 401 /);
  });
});

describe('a body', () => {
  it('may begin with a byte order mark', async () => {
    const body = Buffer.from('\ufeff{"topic":"é"}');
    const answer = await exchange(
      url,
      Buffer.concat([Buffer.from(head(PATH, bearer, `Content-Length: ${body.length}`)), body]),
    );

    expect([answer.status, JSON.parse(answer.text).topic]).toEqual([201, 'é']);
  });

  it('is refused when it is encoded, and told what is accepted', async () => {
    const encoded = (coding: string) =>
      exchange(url, head(PATH, bearer, `Content-Encoding: ${coding}`, 'Content-Length: 2') + '{}');

    const gzip = await encoded('gzip');

    expect([gzip.status, gzip.headers['accept-encoding']]).toEqual([415, 'identity']);
    expect((await encoded('identity')).status).toBe(201);
  });
});

describe('a body in pieces', () => {
  it.each([1, 3, 1000])('of %i bytes is read as it was sent', async (length) => {
    const text = JSON.stringify({ topic: 'Grüße 👋', inputs: { text: 'äöü'.repeat(10_000) } });
    const bytes = Buffer.from(text);
    const chunks: Buffer[] = [Buffer.from(head(PATH, bearer, 'Transfer-Encoding: chunked'))];
    for (let at = 0; at < bytes.length; at += length) {
      const piece = bytes.subarray(at, at + length);
      chunks.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n'));
    }

    const answer = await exchange(url, Buffer.concat([...chunks, Buffer.from('0\r\n\r\n')]));

    expect(answer.status).toBe(201);
    expect(JSON.parse(answer.text)).toMatchObject(JSON.parse(text));
  });
});
