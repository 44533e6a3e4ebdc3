import { readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from '@jest/globals';
import { TOKEN_SECRET, tokenFor } from '../support/test-client.js';
import { DatabaseServer, KIND } from './support/database-server.js';
import { tell } from './support/figures.js';
import { Neighbour } from './support/neighbour.js';
import { newDirectory, Process } from './support/processes.js';
import { Service } from './support/service.js';
import { until } from '../support/until.js';

const QUIET_MS = 2_000;
const ATTACK_SECONDS = 4;
/** What the process may use in all, whatever clients do. */
const MAX_MEGABYTES = 1024;
/** How Node.js bounds its heap in a container of so much; elsewhere it would let garbage lie for as long as there is memory. */
const HEAP_OF_CONTAINER = '--max-old-space-size=512 --max-semi-space-size=16';
const PROBE_EVERY_MS = 100;

const ON_SQLITE = [
  'bodies of nobody',
  'bodies beyond the bounds',
  'the most costly bodies',
  'bodies held back',
  'bodies in single bytes',
  'documents that nobody reads',
  'pages that nobody reads',
  'lists that nobody reads',
  'exports and feeds that nobody reads',
  'connections that say nothing',
  'probes without end',
  'large pages, one after the other',
  'a flood of writes',
  'a flood of reads',
];
const ON_SERVER = [
  'lists that nobody reads',
  'large pages, one after the other',
  'a flood of writes',
  'a flood of reads',
];

describe.each([
  ['SQLite', () => Promise.resolve(`sqlite:${join(newDirectory(tmpdir()), 'faults.sqlite')}`), ON_SQLITE],
  [KIND === 'mysql' ? 'MySQL' : 'MariaDB', async () => (await DatabaseServer.start()).url, ON_SERVER],
] as const)('on %s', (engine, newDatabase, attacks) => {
  let world: Promise<World> | undefined;
  afterAll(async () => (await world)?.neighbour.stop());

  it.each(attacks)('%s: no request of a neighbour is refused, in memory that is bounded', async (attack) => {
    const { service, neighbour, environment } = await (world ??= newWorld(await newDatabase()));
    const files = openFiles(service);
    neighbour.takeP99Ms();
    await sleep(QUIET_MS);
    const before = neighbour.takeP99Ms();
    const attacker = new Process({
      command: 'nice',
      args: [
        '-n',
        '19',
        process.execPath,
        join(import.meta.dirname, 'support/attacks.mjs'),
        attack,
        service.url,
        String(ATTACK_SECONDS),
      ],
      environment,
    });

    const probes = await probing(service, attacker);
    const during = neighbour.takeP99Ms();
    const megabytes = peakMegabytes(service);
    await until('its connections are closed', () => openFiles(service) < files + 100);

    tell(`${attack}, on ${engine}`, {
      "a neighbour's p99 before and meanwhile in ms": `${before} and ${during}`,
      'slowest /healthz in ms': Math.round(Math.max(...probes.map(({ ms }) => ms))),
      'most memory so far in MB': megabytes,
      answers: attacker.output,
    });
    expect(attacker.output).toMatch(/^\{.*\}$/);
    expect(service.process.hasEnded).toBe(false);
    expect(new Set(probes.map(({ status }) => status))).toEqual(new Set([200]));
    expect(neighbour.failures).toEqual([]);
    expect(megabytes).toBeLessThanOrEqual(MAX_MEGABYTES);
  });
});

interface World {
  service: Service;
  neighbour: Neighbour;
  environment: Record<string, string>;
}

/** A service with what an attacker has put there before: a large conversation, and large objects in many. */
async function newWorld(databaseUrl: string): Promise<World> {
  const service = await Service.start(databaseUrl, {
    AUTH_MODE: 'jwt',
    AUTH_JWT_SECRET: TOKEN_SECRET,
    NODE_OPTIONS: HEAP_OF_CONTAINER,
  });
  const headersOf = async (tenant: string) => ({
    authorization: `Bearer ${await tokenFor({ tenant, scopes: SCOPES }, '1h')}`,
  });
  const headers = await headersOf('attacker');
  const { body } = await service.send('POST', '/conversations', {}, headers);
  const content = 'x'.repeat(1_000_000);
  for (let n = 0; n < 14; n++)
    await service.send(
      'POST',
      `/conversations/${body.id}/messages`,
      { message_from: 'agent', content },
      headers,
    );
  const large = { text: 'x'.repeat(65_000) };
  for (let n = 0; n < 200; n++)
    await service.send('POST', '/conversations', { inputs: large, extend_properties: large }, headers);
  return {
    service,
    neighbour: await Neighbour.of(service, await headersOf('neighbour')),
    environment: { TOKEN: headers.authorization.slice('Bearer '.length), CONVERSATION: body.id },
  };
}
const SCOPES = ['conversations:read', 'conversations:write', 'events:read'];

/** Asks for /healthz until the attack is over, and at least once. */
async function probing(service: Service, attacker: Process): Promise<{ status: number; ms: number }[]> {
  const probes: { status: number; ms: number }[] = [];
  do {
    const start = performance.now();
    const status = await service.statusOf('/healthz');
    probes.push({ status, ms: performance.now() - start });
    await sleep(PROBE_EVERY_MS);
  } while (!attacker.hasEnded);
  return probes;
}

const openFiles = ({ process }: Service): number => readdirSync(`/proc/${process.pid}/fd`).length;

/** The most memory that the process has used since it was started. */
function peakMegabytes({ process }: Service): number {
  const [, kilobytes] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${process.pid}/status`, 'utf8')) ?? [];
  return Math.round(Number(kilobytes) / 1024);
}
