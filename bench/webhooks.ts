/**
 * Deliveries of webhooks: how many a second and what they cost the database, and whether receivers that hang or a tenant
 * with very many of them delay anybody else. All of it is one run on one machine: `npm run bench:webhooks`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { startDatabase } from './database.js';
import { BUILD, cpuMsOf, describeMachine, SCRATCH } from './machine.js';
import { freePort } from './servers.js';

const PORT = await freePort();
const API = `http://127.0.0.1:${PORT}/admin/api/v2`;
const EVENTS = 5_000;
const RECEIVERS = 100;
const HANGING = 10;
const MANY = 1_000;
const PHASE_MS = 30_000;

interface Delivery {
  data: { data: { message_id?: string } };
}

/** Paths of receivers that never answer. */
const hanging = new Set<string>();
/** When each message was acknowledged, and how long its delivery took from there, by receiver. */
const acknowledged = new Map<string, number>();
const delays = new Map<string, number[]>();
let taken = 0;

const receiver: Server = createServer((request, response) => {
  const path = request.url ?? '';
  let body = '';
  request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
  request.on('end', () => {
    if (hanging.has(path)) return;
    response.writeHead(204).end();
    taken++;
    const { data } = JSON.parse(body) as Delivery;
    const since = acknowledged.get(data.data.message_id ?? '');
    if (since !== undefined) delays.set(path, [...(delays.get(path) ?? []), performance.now() - since]);
  });
});

async function send(
  method: string,
  tenant: string,
  path: string,
  body?: object,
): Promise<Record<string, string>> {
  const response = await fetch(`${API}${path}?tenant_id=${tenant}`, {
    method,
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as Record<string, string>;
}

async function newWebhook(tenant: string, path: string): Promise<string> {
  const { port } = receiver.address() as AddressInfo;
  const { id } = await send('POST', tenant, '/webhooks', {
    url: `http://127.0.0.1:${port}${path}`,
    types: ['message.created'],
  });
  return id ?? '';
}

const newConversation = async (tenant: string): Promise<string> =>
  `/conversations/${(await send('POST', tenant, '/conversations', {})).id ?? ''}/messages`;

async function append(tenant: string, messages: string): Promise<void> {
  const { id } = await send('POST', tenant, messages, { message_from: 'user', content: 'Hello' });
  acknowledged.set(id ?? '', performance.now());
}

/** Milliseconds that so many of the deliveries to some receivers took at most. */
function percentile(of: (path: string) => boolean, part: number): number {
  const all = [...delays].flatMap(([path, some]) => (of(path) ? some : [])).sort((a, b) => a - b);
  return Math.round(all[Math.ceil(all.length * part) - 1] ?? NaN);
}

async function measured(work: (until: number) => Promise<void>): Promise<void> {
  delays.clear();
  acknowledged.clear();
  await work(performance.now() + PHASE_MS);
  await sleep(3_000);
}

const say = (text: string) => process.stdout.write(`${text}\n`);

async function speed(databaseId: number): Promise<void> {
  const messages = await newConversation('fast');
  const batch = Array.from({ length: 500 }, () => ({ message_from: 'user', content: 'Hello' }));
  for (let sent = 0; sent < EVENTS; sent += batch.length)
    await send('POST', 'fast', `${messages}/batch`, { messages: batch });
  await sleep(2_000);
  const idle = cpuMsOf(databaseId);
  await sleep(5_000);
  const idleMsEachSecond = (cpuMsOf(databaseId) - idle) / 5;
  const webhook = await newWebhook('fast', '/fast');
  taken = 0;
  const [started, cpuMs] = [performance.now(), cpuMsOf(databaseId)];
  await send('POST', 'fast', `/webhooks/${webhook}/replay`, { after: 'earliest' });
  while (taken < EVENTS) await sleep(20);
  const seconds = (performance.now() - started) / 1000;
  const cost = cpuMsOf(databaseId) - cpuMs - idleMsEachSecond * seconds;
  say(`${EVENTS} events to one fast receiver: ${Math.round(EVENTS / seconds)} deliveries/s`);
  say(
    `database: ${(cost / EVENTS).toFixed(3)} ms of CPU a delivery, without the ${idleMsEachSecond.toFixed(0)} ms a second of an idle service`,
  );
  await send('PATCH', 'fast', `/webhooks/${webhook}`, { enabled: false });
}

async function fairness(): Promise<void> {
  const tenants: [string, string][] = [];
  for (let n = 0; n < RECEIVERS; n++) {
    await newWebhook(`tenant-${n}`, `/receiver-${n}`);
    tenants.push([`tenant-${n}`, await newConversation(`tenant-${n}`)]);
  }
  const isWell = (path: string) => Number(path.split('-')[1]) >= HANGING;
  const load = async (until: number) => {
    for (let n = 0; performance.now() < until; n++) {
      const [tenant = '', messages = ''] = tenants[n % RECEIVERS] ?? [];
      await append(tenant, messages);
      await sleep(20);
    }
  };
  await load(performance.now() + 3_000);
  await measured(load);
  const before = [0.5, 0.99].map((part) => percentile(isWell, part));
  for (let n = 0; n < HANGING; n++) hanging.add(`/receiver-${n}`);
  await measured(load);
  const after = [0.5, 0.99].map((part) => percentile(isWell, part));
  say(
    `${RECEIVERS} receivers, all well: of ${RECEIVERS - HANGING}, p50 ${before[0]} ms, p99 ${before[1]} ms`,
  );
  say(`${HANGING} of them hang: of the others, p50 ${after[0]} ms, p99 ${after[1]} ms`);
  say(`ratio of the p99: ${(Number(after[1]) / Number(before[1])).toFixed(2)}`);
}

async function large(): Promise<void> {
  for (let n = 0; n < MANY; n++) await newWebhook('large', `/large-${n}`);
  await newWebhook('small', '/small');
  const [ofLarge, ofSmall] = [await newConversation('large'), await newConversation('small')];
  const isSmall = (path: string) => path === '/small';
  const each = async (until: number, isBeside: boolean) => {
    for (let n = 0; performance.now() < until; n++) {
      if (isBeside && n % 10 === 0) await append('large', ofLarge);
      await append('small', ofSmall);
      await sleep(100);
    }
  };
  await measured((until) => each(until, false));
  const alone = [0.5, 0.99].map((part) => percentile(isSmall, part));
  await measured((until) => each(until, true));
  const beside = [0.5, 0.99].map((part) => percentile(isSmall, part));
  const others = percentile((path) => !isSmall(path), 0.5);
  say(`a tenant with one webhook alone: p50 ${alone[0]} ms, p99 ${alone[1]} ms`);
  say(
    `beside one with ${MANY} and an event a second for each of them: p50 ${beside[0]} ms, p99 ${beside[1]} ms (theirs: p50 ${others} ms)`,
  );
}

async function startService(databaseUrl: string): Promise<ChildProcess> {
  const service = spawn(process.execPath, [join(BUILD, 'dist/main.js')], {
    stdio: ['ignore', 'ignore', 'inherit'],
    cwd: SCRATCH,
    env: {
      PATH: process.env.PATH,
      DATABASE_URL: databaseUrl,
      HOST: '127.0.0.1',
      PORT: String(PORT),
      LOG_LEVEL: 'error',
    },
  });
  for (;;) {
    if (service.exitCode !== null) throw new Error('The service ended while it started.');
    const ready = await fetch(`http://127.0.0.1:${PORT}/readyz`).catch(() => undefined);
    if (ready?.ok) return service;
    await sleep(50);
  }
}

receiver.listen(0, '127.0.0.1');
await once(receiver, 'listening');
const database = await startDatabase();
const service = await startService(database.url);
try {
  const { cpu, cores } = describeMachine();
  say(
    `${database.version}, ${String(cores)} cores of ${String(cpu)}, one service, receivers in the same machine`,
  );
  await speed(database.processId);
  await fairness();
  await large();
} finally {
  const exit = once(service, 'exit');
  service.kill('SIGTERM');
  await exit;
  await database.stop();
  receiver.closeAllConnections();
  receiver.close();
}
