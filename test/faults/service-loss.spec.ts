import {
  Agent,
  createServer,
  request as forward,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from '@jest/globals';
import { send } from './support/client.js';
import { DatabaseServer } from './support/database-server.js';
import { tell } from './support/figures.js';
import { freePort } from '../support/machine.js';
import { newDirectory } from './support/processes.js';
import { COMMAND, Service } from './support/service.js';
import { until } from '../support/until.js';
import { Writers } from './support/writers.js';

const KILLS = 3;
const HELLO = { message_from: 'user', content: 'Hello' };
const STOPPING = { SHUTDOWN_DELAY_MS: '1500', SHUTDOWN_TIMEOUT_MS: '20000' };

const database = await DatabaseServer.start();

describe('kill -9 of the service under load', () => {
  it.each([
    ['SQLite', `sqlite:${join(newDirectory(tmpdir()), 'faults.sqlite')}`],
    ['MariaDB', database.url],
  ])('loses nothing, doubles nothing and tears no batch, on %s', async (engine, databaseUrl) => {
    let service = await Service.start(databaseUrl);
    const conversationIds = await Promise.all(Array.from({ length: 3 }, () => service.newConversation()));
    const load = new Writers({ serviceUrls: () => [service.url], conversationIds, writers: 12 });

    for (let kill = 0; kill < KILLS; kill++) {
      await load.progress(100);
      await service.process.kill();
      service = await Service.start(databaseUrl);
    }
    await load.progress(100);
    await load.stop();

    expect(await load.faults(service.url)).toEqual([]);
    tell(`${KILLS} x kill -9 of the service on ${engine}`, load.figures);
    await service.process.stop();
  });
});

describe('SIGTERM under load', () => {
  it('says so at /readyz, takes requests until the delay is over, finishes what is under way, and ends with 0', async () => {
    const service = await Service.start(database.url, STOPPING);
    const path = `/conversations/${await service.newConversation()}/messages`;
    const blocker = await database.connect();
    await blocker.query('LOCK TABLES colloquy.message WRITE');
    const underWay = Array.from({ length: 5 }, () => service.send('POST', path, HELLO));
    await until('somebody waits for the table', somebodyWaitsForATable);

    service.process.signal('SIGTERM');
    await until('/readyz says no', async () => (await service.statusOf('/readyz')) === 503);
    const afterSignal = await send(service.url, 'GET', '/healthz', { agent: new Agent() });
    await until('nobody is let in any more', () => refusesConnections(service.url));
    await blocker.query('UNLOCK TABLES');
    const answers = await Promise.all(underWay);

    expect([afterSignal.status, afterSignal.headers.connection]).toEqual([200, 'close']);
    expect(answers.map(({ status, headers }) => [status, headers.connection])).toEqual(
      answers.map(() => [201, 'close']),
    );
    expect(await service.process.exit).toBe(0);
    expect(service.process.output).not.toContain('cut off');
    blocker.destroy();
  });

  it.each([
    ['', COMMAND],
    [', nor reads anybody its log', ['bash', '-c', 'exec "$@" > >(head -n 1)', 'bash', ...COMMAND]],
  ])('ends with 0 at the time-out, though a request does not end%s', async (_, command) => {
    const service = await Service.start(
      database.url,
      { SHUTDOWN_DELAY_MS: '0', SHUTDOWN_TIMEOUT_MS: '2000' },
      command,
    );
    const path = `/conversations/${await service.newConversation()}/messages`;
    const blocker = await database.connect();
    await blocker.query('LOCK TABLES colloquy.message WRITE');
    const cutOff = expect(service.send('POST', path, HELLO)).rejects.toThrow();
    await until('somebody waits for the table', somebodyWaitsForATable);

    expect(await service.process.stop()).toBe(0);
    await cutOff;
    expect(service.process.output.includes('cut off')).toBe(command === COMMAND);
    blocker.destroy();
  });
});

describe('a rolling restart of two replicas behind a proxy that asks /readyz', () => {
  const proxies: RoundRobin[] = [];
  afterAll(() => {
    for (const proxy of proxies) proxy.close();
  });

  it('drops no request', async () => {
    const replicas = [
      await Service.start(database.url, STOPPING),
      await Service.start(database.url, STOPPING),
    ];
    const conversationId = await replicas[0]?.newConversation();
    const proxy = await RoundRobin.before(() => replicas.map(({ url }) => url));
    proxies.push(proxy);
    const outcomes = new Map<number | string, number>();
    let isRunning = true;
    const clients = Array.from({ length: 8 }, async (_, client) => {
      for (let n = 0; isRunning; n++) {
        const body = { ...HELLO, content: `${client}-${n}` };
        const outcome = await send(proxy.url, 'POST', `/conversations/${conversationId}/messages`, {
          body,
        }).then(
          ({ status }) => status,
          (error: unknown) => String(error),
        );
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      }
    });

    const exitCodes = [];
    for (const index of [0, 1]) {
      exitCodes.push(await replicas[index]?.process.stop());
      replicas[index] = await Service.start(database.url, STOPPING);
      await until('the proxy has seen the new replica', () => proxy.knows(replicas[index]?.url));
    }
    isRunning = false;
    await Promise.all(clients);

    expect(exitCodes).toEqual([0, 0]);
    expect([...outcomes.keys()]).toEqual([201]);
    const { body } = await send(proxy.url, 'GET', `/conversations/${conversationId}`);
    expect(body.message_count).toBe(outcomes.get(201));
    tell('rolling restart', { requests: outcomes.get(201), dropped: 0 });
  });
});

const somebodyWaitsForATable = async (): Promise<boolean> => {
  const waiting = await database.query(
    "SELECT 1 FROM information_schema.processlist WHERE state LIKE 'Waiting for table%'",
  );
  return waiting.length > 0;
};

/** Whether nobody listens at an address any more. */
const refusesConnections = (url: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1' });
    socket.once('connect', () => resolve(false));
    socket.once('error', () => resolve(true));
    socket.once('connect', () => socket.destroy());
  });

/** The least that stands in front of replicas: those that are ready get the requests, in turn. Nothing is sent twice. */
class RoundRobin {
  #ready: string[] = [];
  #next = 0;
  #isClosed = false;
  readonly #agent = new Agent({ keepAlive: true });

  private constructor(
    readonly url: string,
    private readonly replicas: () => readonly string[],
    private readonly server: Server,
  ) {}

  static async before(replicas: () => readonly string[]): Promise<RoundRobin> {
    const port = await freePort();
    const server = createServer();
    const proxy = new RoundRobin(`http://127.0.0.1:${port}`, replicas, server);
    server.on('request', (incoming: IncomingMessage, outgoing: ServerResponse) => {
      const target = proxy.#ready[proxy.#next++ % proxy.#ready.length] ?? '';
      const { method, headers } = incoming;
      const onward = forward(
        `${target}${incoming.url}`,
        { method, headers, agent: proxy.#agent },
        (answer) => {
          const { connection: _, ...kept } = answer.headers;
          outgoing.writeHead(answer.statusCode ?? 502, kept);
          answer.pipe(outgoing);
        },
      );
      onward.once('error', () => outgoing.writeHead(502).end());
      incoming.pipe(onward);
    });
    server.listen(port, '127.0.0.1');
    void proxy.#watch();
    await until('the proxy knows its replicas', () => replicas().every((url) => proxy.knows(url)));
    return proxy;
  }

  knows(url: string | undefined): boolean {
    return url !== undefined && this.#ready.includes(url);
  }

  async #watch(): Promise<void> {
    while (!this.#isClosed) {
      const urls = this.replicas();
      const states = await Promise.all(
        urls.map((url) =>
          send(url, 'GET', '/readyz').then(
            ({ status }) => status === 200,
            () => false,
          ),
        ),
      );
      this.#ready = urls.filter((_, index) => states[index]);
      await sleep(100);
    }
  }

  close(): void {
    this.#isClosed = true;
    this.server.close();
    this.server.closeAllConnections();
  }
}
