import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll } from '@jest/globals';
import { Webhook } from 'standardwebhooks';

/** What a receiver was sent, once its signature was found right. */
interface Received {
  readonly id: string;
  readonly type: string;
  readonly data: Record<string, unknown>;
  readonly atMs: number;
}

type Answer = (response: ServerResponse, request: IncomingMessage) => void;

/** How a receiver answers. */
export const answers = {
  ok: ((response) => response.writeHead(204).end()) satisfies Answer,
  status:
    (status: number, headers: Record<string, string> = {}): Answer =>
    (response) =>
      response.writeHead(status, headers).end(),
  hang: (() => {}) satisfies Answer,
  hangUp: ((response) => response.socket?.destroy()) satisfies Answer,
  halfWay: ((response) => response.socket?.end('HTTP/1.1 204 No Con')) satisfies Answer,
  endless: ((response) => {
    response.writeHead(200);
    const timer = setInterval(() => response.write('x'.repeat(1024)), 1);
    response.on('close', () => clearInterval(timer));
  }) satisfies Answer,
};

const started: WebhookReceiver[] = [];
afterAll(() => Promise.all(started.map((receiver) => receiver.close())));

/** A real receiver on loopback, which verifies what it is sent with the official package and answers as it is told. */
export class WebhookReceiver {
  /** In the order of arrival; repeated deliveries too. */
  readonly received: Received[] = [];
  /** Requests whose signature was wrong. */
  readonly refused: string[] = [];
  answer: Answer = answers.ok;
  /** `whsec_…`; until it is known nothing is verified. */
  secret: string | undefined;
  attempts = 0;
  /** Traces (W3C) that attempts are part of. */
  readonly traceparents: string[] = [];

  private constructor(
    readonly url: string,
    private readonly end: () => Promise<void>,
  ) {}

  static async start(): Promise<WebhookReceiver> {
    const server = createServer((request, response) => void receiver.take(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const receiver = new WebhookReceiver(`http://127.0.0.1:${port}/hook`, async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve)); // nothing, where it is closed already
    });
    started.push(receiver);
    return receiver;
  }

  close(): Promise<void> {
    return this.end();
  }

  /** Ids of the events, each once, in the order of their first arrival. */
  get eventIds(): string[] {
    return [...new Set(this.received.map(({ id }) => id))];
  }

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.attempts++;
    const { traceparent } = request.headers;
    if (typeof traceparent === 'string') this.traceparents.push(traceparent);
    let body = '';
    request.setEncoding('utf8');
    for await (const chunk of request) body += String(chunk);
    this.#note(request, body);
    this.answer(response, request);
  }

  #note({ headers }: IncomingMessage, body: string): void {
    try {
      if (this.secret) new Webhook(this.secret).verify(body, headers as Record<string, string>);
      const { type, data } = JSON.parse(body) as { type: string; data: Record<string, unknown> };
      this.received.push({ id: String(headers['webhook-id']), type, data, atMs: performance.now() });
    } catch (error) {
      this.refused.push(String(error));
    }
  }
}
