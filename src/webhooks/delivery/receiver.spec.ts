import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { LookupAddress } from 'node:dns';
import { afterAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ReceiverRules } from './receiver-rules.js';

/** What the names of a zone stand for, each time that they are looked up. */
const zone = new Map<string, readonly string[][]>();
const lookedUp: string[] = [];
/** The system's resolver takes no answers from a test, so it is the one thing here that is not real. */
jest.unstable_mockModule('node:dns', () => ({
  lookup: (name: string, _options: object, done: (error: null, addresses: LookupAddress[]) => void) => {
    const times = lookedUp.filter((one) => one === name).length;
    lookedUp.push(name);
    const answers = zone.get(name) ?? [];
    const addresses = answers[Math.min(times, answers.length - 1)] ?? [];
    done(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  },
}));
const { Receivers } = await import('./receiver.js');

/** No route leads there (RFC 5737), but the rules below take it for public. */
const ELSEWHERE = '192.0.2.1';
const received: string[] = [];
const server = createServer((request, response) => {
  received.push(String(request.headers.host));
  response.writeHead(204).end();
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const { port } = server.address() as AddressInfo;
const receivers = new Receivers(new ReceiverRules([`${ELSEWHERE}/32`, 'inside.example'], false));
const post = (host: string, timeoutMs = 10_000) =>
  receivers.post(new URL(`http://${host}:${port}/hook`), {}, '{}', { timeoutMs });

afterAll(() => {
  receivers.onApplicationShutdown();
  server.close();
});
beforeEach(() => {
  zone.clear();
  lookedUp.length = 0;
  received.length = 0;
});

describe('a name', () => {
  it('that is listed is connected to', async () => {
    zone.set('inside.example', [['127.0.0.1']]);
    expect(await post('inside.example')).toMatchObject({ status: 204, error: null });
    expect(received).toEqual([`inside.example:${port}`]);
  });

  it.each([
    ['loopback', [['127.0.0.1']]],
    ['loopback beside what is allowed', [[ELSEWHERE, '127.0.0.1']]],
    ['loopback, mapped', [['::ffff:127.0.0.1']]],
    ['the metadata of a cloud', [['169.254.169.254']]],
  ])('that stands for %s is not', async (_, answers) => {
    zone.set('rebound.example', answers);
    expect(await post('rebound.example')).toMatchObject({ status: null, error: 'address_not_allowed' });
    expect(received).toEqual([]);
  });

  it('that changes between look-up and connection is connected to as it was checked', async () => {
    zone.set('rebound.example', [[ELSEWHERE], ['127.0.0.1'], ['127.0.0.1']]);

    const first = await post('rebound.example', 300);

    expect(first.status).toBeNull();
    expect(first.error).not.toBe('address_not_allowed');
    expect(lookedUp).toEqual(['rebound.example']);
    expect(await post('rebound.example')).toMatchObject({ status: null, error: 'address_not_allowed' });
    expect(received).toEqual([]);
  });
});
