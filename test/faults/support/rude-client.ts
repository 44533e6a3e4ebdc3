import { connect, type Socket } from 'node:net';

/** A client that sends what it likes until it is cut off, reads what comes, and never hangs up by itself. */
export class RudeClient {
  received = '';
  isCutOff = false;
  readonly #socket: Socket;

  constructor(serviceUrl: string, bytes: string | Buffer = '') {
    const { port, hostname } = new URL(serviceUrl);
    this.#socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true });
    this.#socket.on('data', (chunk: Buffer) => (this.received += chunk.toString('latin1')));
    for (const event of ['end', 'close', 'error']) this.#socket.on(event, () => (this.isCutOff = true));
    this.send(bytes);
  }

  send(bytes: string | Buffer): void {
    if (bytes.length > 0 && this.#socket.writable && !this.isCutOff) this.#socket.write(bytes);
  }

  /** Of each answer that came. */
  get statuses(): number[] {
    return [...this.received.matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, status]) => Number(status));
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
