import { createServer, type Server, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { until } from '../../test/support/until.js';
import { boundConnections } from './connections.js';

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
const MIB = 1024 * 1024;
const servers: Server[] = [];

/** A bounded server whose requests are answered when the test says so. */
async function listening(limits: Parameters<typeof boundConnections>[1]) {
  const underWay: ServerResponse[] = [];
  const server = createServer((_request, response) => void underWay.push(response));
  boundConnections(server, limits);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('The server has no address.');
  const open = (bytes = ''): Client => new Client(address.port, bytes);
  return { underWay, open };
}

class Client {
  received = '';
  isClosed = false;
  readonly socket: Socket;

  constructor(port: number, bytes: string) {
    this.socket = connect(port, '127.0.0.1');
    this.socket.on('data', (chunk) => (this.received += chunk.toString('latin1')));
    for (const event of ['close', 'error']) this.socket.on(event, () => (this.isClosed = true));
    if (bytes) this.socket.write(bytes);
  }

  get answers(): number {
    return this.received.split('HTTP/1.1 200').length - 1;
  }
}

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

describe('connections', () => {
  it('have one request under way, and then the next, in order', async () => {
    const { underWay, open } = await listening({});
    const client = open(GET + GET + GET);
    for (let n = 1; n <= 3; n++) {
      await until('a request is under way', () => underWay.length === n);
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(underWay).toHaveLength(n);
      underWay[n - 1]?.end(`answer ${n}`);
      await until('it is answered', () => client.answers === n);
    }
    expect(client.received.match(/answer \d/g)).toEqual(['answer 1', 'answer 2', 'answer 3']);
    client.socket.write(GET);
    await until('it goes on', () => underWay.length === 4);
  });

  it('are closed when too much is asked of them at once', async () => {
    const { underWay, open } = await listening({});
    const client = open(GET.repeat(2_000));

    await until('it is cut off', () => client.isClosed);

    expect(underWay).toHaveLength(1);
  });

  it('give way to newcomers, the one that has been idle longest first', async () => {
    const { underWay, open } = await listening({ maxConnections: 3 });
    const busy = open(GET);
    await until('one is busy', () => underWay.length === 1);
    const [first, second] = [open(), open()];
    await new Promise((resolve) => setTimeout(resolve, 50));

    const newcomer = open(GET);

    await until('the newcomer is served', () => underWay.length === 2);
    await until('the oldest is closed', () => first.isClosed || second.isClosed);
    expect([busy.isClosed, newcomer.isClosed]).toEqual([false, false]);
  });

  it('are cut off when their client takes nothing of its answer', async () => {
    const { underWay, open } = await listening({ stalledMs: 500 });
    const [reading, stalled] = [open(GET), open(GET)];
    stalled.socket.pause();
    await until('both are under way', () => underWay.length === 2);
    const isDestroyed = underWay.map((response) => {
      const { socket } = response;
      response.end('x'.repeat(20 * MIB));
      return () => socket?.destroyed === true;
    });

    await until('one of them is cut off', () => isDestroyed.some((isSo) => isSo()));
    await until('the other has all', () => reading.received.length > 20 * MIB);
  });
});
