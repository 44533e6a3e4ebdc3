import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterAll } from '@jest/globals';

export interface Link {
  client: Socket;
  server: Socket;
  /** Breaks the connection, on both sides. */
  readonly cut: () => void;
}

const proxies: TcpProxy[] = [];
afterAll(async () => {
  for (const proxy of proxies) await proxy.close();
});

/** Passes bytes between a client and a server, and lets a test come in between. */
export class TcpProxy {
  readonly #links = new Set<Link>();

  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  /** `join` connects the two sides; without it all bytes are passed on. */
  static async before(targetPort: number, join = passAll): Promise<TcpProxy> {
    const listener = createServer({ allowHalfOpen: true });
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const address = listener.address();
    if (typeof address !== 'object' || !address) throw new Error('No port.');
    const proxy = new TcpProxy(listener, address.port);
    listener.on('connection', (client) => {
      proxy.#join(client, connect({ port: targetPort, host: '127.0.0.1', allowHalfOpen: true }), join);
    });
    proxies.push(proxy);
    return proxy;
  }

  async close(): Promise<void> {
    for (const link of this.#links) link.cut();
    if (!this.server.listening) return;
    this.server.close();
    await once(this.server, 'close');
  }

  #join(client: Socket, server: Socket, join: (link: Link) => void): void {
    const link = {
      client,
      server,
      cut: () => {
        client.destroy();
        server.destroy();
        this.#links.delete(link);
      },
    };
    this.#links.add(link);
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      socket.on('error', () => link.cut());
    }
    join(link);
  }
}

function passAll({ client, server }: Link): void {
  client.pipe(server).pipe(client);
}
