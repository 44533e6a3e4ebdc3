import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { freePort } from './machine.js';

export interface Link {
  client: Socket;
  server: Socket;
  /** Breaks the connection, on both sides. */
  readonly cut: () => void;
}

/** Passes bytes between a client and a server, and lets a test come in between. */
export class TcpProxy {
  /** The server's, by way of this proxy. */
  readonly url: string;
  readonly #links = new Set<Link>();
  readonly #listener = createServer({ allowHalfOpen: true });

  private constructor(
    serverUrl: string,
    private readonly port: number,
    join: (link: Link) => void,
  ) {
    const { host, hostname, port: serverPort } = new URL(serverUrl);
    this.url = serverUrl.replace(host, `127.0.0.1:${port}`);
    this.#listener.on('connection', (client) => {
      const server = connect({ port: Number(serverPort), host: hostname, allowHalfOpen: true });
      this.#join(client, server, join);
    });
  }

  /** `join` connects the two sides; without it all bytes are passed on. */
  static async before(serverUrl: string, join = passAll): Promise<TcpProxy> {
    const proxy = new TcpProxy(serverUrl, await freePort(), join);
    await proxy.open();
    return proxy;
  }

  async open(): Promise<void> {
    this.#listener.listen(this.port, '127.0.0.1');
    await once(this.#listener, 'listening');
  }

  /** All connections break, and no new ones are taken until it is opened again. */
  async close(): Promise<void> {
    const closed = once(this.#listener, 'close');
    this.#listener.close();
    for (const link of this.#links) link.cut();
    await closed;
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
