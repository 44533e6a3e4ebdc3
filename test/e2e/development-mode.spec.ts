import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { describe, expect, it } from '@jest/globals';
import { createMonitoringServer } from '../../src/app.setup.js';
import { runCommand, startCommand } from '../support/command.js';
import { createTestApp } from '../support/create-test-app.js';
import { expectProblem } from '../support/problems.js';
import { createTestDatabase } from '../support/test-database.js';

const DEFAULT_TENANT = '40d39c4b-9585-4123-8fd4-f1cc23a1184c';
const local = await createTestApp({ environment: { AUTH_MODE: 'none' } });
const { as } = local;
const anybody = as();
const open = await createTestApp({ environment: { AUTH_MODE: 'none', HOST: '0.0.0.0' } });

describe('without authentication', () => {
  it('anybody is the local developer, in the default tenant', async () => {
    const { status, body } = await anybody.post('/conversations');
    expect(status).toBe(201);
    expect(body).toMatchObject({
      tenant_id: DEFAULT_TENANT,
      tenant_unit_id: null,
      user_id: 'local-developer',
      created_by: 'local-developer',
      created_by_name: 'Local developer',
      created_by_role: 'developer',
    });
    expect((await anybody.get(`/conversations/${body.id}`)).body).toEqual(body);
  });

  it('a request acts in the tenant and unit that it names, and these stay apart', async () => {
    const query = { tenant_id: 'acme', tenant_unit_id: 'north' };
    const { body } = await anybody.post('/conversations', {}, { query });
    expect(body).toMatchObject(query);

    const path = `/conversations/${body.id}`;
    expect((await anybody.get(path)).status).toBe(404);
    expect((await anybody.get(path, { query: { tenant_id: 'globex' } })).status).toBe(404);
    expect((await anybody.get(path, { query: { ...query, tenant_unit_id: 'south' } })).status).toBe(404);
    expect((await anybody.get(path, { query: { tenant_id: 'acme' } })).status).toBe(200);
    expect((await anybody.delete(path, { query })).status).toBe(204);
  });

  it('an empty tenant is the default one, as Swagger UI sends it', async () => {
    const query = { tenant_id: '', tenant_unit_id: '' };
    expect((await anybody.post('/conversations', {}, { query })).body.tenant_id).toBe(DEFAULT_TENANT);
  });

  it('a credential is not looked at', async () => {
    const credentials: Record<string, string>[] = [
      { authorization: 'Bearer x' },
      { 'x-api-key': 'x' },
      { authorization: 'Basic x' },
    ];
    for (const headers of credentials)
      expect((await anybody.get('/conversations', { headers })).status).toBe(200);
    const { body } = await as({ tenant: 'acme', sub: 'ada', scopes: [] }).post('/conversations');
    expect(body).toMatchObject({ tenant_id: DEFAULT_TENANT, created_by: 'local-developer' });
  });
});

describe('a web page', () => {
  const page = (headers: Record<string, string>) => anybody.post('/conversations', {}, { headers });

  it.each<Record<string, string>>([
    { host: 'evil.example' },
    { host: '127.0.0.1.evil.example' },
    { host: 'localhost@evil.example' },
    { origin: 'https://evil.example' },
    { origin: 'http://localhost.evil.example' },
    { origin: 'null' },
    { host: 'localhost:3000', origin: 'https://evil.example' },
  ])('of elsewhere cannot reach it (%j)', async (headers) => {
    expectProblem(await page(headers), 'origin_forbidden');
    expectProblem(await anybody.get('//healthz', { headers }), 'origin_forbidden');
  });

  it.each<Record<string, string>>([
    { host: 'localhost' },
    { host: 'LOCALHOST:3000' },
    { host: '127.0.0.1:3000', origin: 'http://localhost:5173' },
    { host: '[::1]:3000', origin: 'http://[::1]:3000' },
  ])('of this machine can (%j)', async (headers) => {
    expect((await page(headers)).status).toBe(201);
  });

  it('of elsewhere cannot reach the port of health and metrics either', async () => {
    const operations = createMonitoringServer(local.app);

    for (const url of ['/healthz', '/readyz', '/metrics']) {
      const { statusCode } = await operations.inject({ url, headers: { host: 'evil.example' } });
      expect(statusCode).toBe(403);
    }
    await operations.close();
  });

  it('of any name can where the service listens to other machines, as somebody has said', async () => {
    const answer = await open.as().get('/conversations', { headers: { host: 'colloquy.internal' } });

    expect(answer.status).toBe(200);
  });
});

describe('the service, when it starts', () => {
  it('is for development unless something is said, and reached from this machine only', async () => {
    const database = await createTestDatabase();
    const child = startCommand('main.ts', [], {
      PORT: '0',
      DATABASE_URL: database.url,
      DEFAULT_TENANT_ID: 'my-tenant',
      AUTH_MOD: 'jwt',
    });
    try {
      const printed = await printedAtStart(child);
      const [, port] = /listens on http:\/\/127\.0\.0\.1:(\d+)/.exec(printed) ?? [];
      expect(printed).toMatch(/"warn".*AUTH_MODE=none.*127\.0\.0\.1/);
      expect(printed).toMatch(/"warn".*"AUTH_MOD is no variable.*did you mean AUTH_MODE\?"/);
      expect(printed).toMatch(
        /\(version: [\d.]+; database: (sqlite:\/|mysql:\/\/[^@]+;).*authentication: none; roles: api, worker;/,
      );

      const response = await fetch(`http://127.0.0.1:${port}/admin/api/v2/conversations`, { method: 'POST' });
      expect(await response.json()).toMatchObject({ tenant_id: 'my-tenant' });
      // Another address of this machine: a server that listened on all of them would answer here.
      const elsewhere = connect({ host: '127.0.0.2', port: Number(port) });
      const outcome = await Promise.race([
        once(elsewhere, 'connect').then(() => 'connected'),
        once(elsewhere, 'error').then(() => 'refused'),
      ]).catch(() => 'refused');
      elsewhere.destroy();
      expect(outcome).toBe('refused');
    } finally {
      child.kill('SIGTERM');
      await once(child, 'exit');
      await database.drop();
    }
  });

  it('says that it is reached from everywhere, where it is', async () => {
    const database = await createTestDatabase();
    const child = startCommand('main.ts', [], { PORT: '0', DATABASE_URL: database.url, HOST: '0.0.0.0' });
    try {
      expect(await printedAtStart(child)).toMatch(
        /anybody who reaches http:\/\/0\.0\.0\.0:\d+ .*\n.*listens on http:\/\/0\.0\.0\.0:\d+ /,
      );
    } finally {
      child.kill('SIGTERM');
      await once(child, 'exit');
      await database.drop();
    }
  });

  it('says that another process serves the same file, as long as it does', async () => {
    const database = await createTestDatabase();
    const children: ChildProcess[] = [];
    const start = () => {
      const child = startCommand('main.ts', [], { PORT: '0', DATABASE_URL: database.url });
      children.push(child);
      return printedAtStart(child);
    };
    const stop = async () => {
      const exits = children.splice(0).map((child) => (child.kill('SIGKILL'), once(child, 'exit')));
      await Promise.all(exits);
    };
    try {
      const printed = [await start(), await start()];
      await stop();
      printed.push(await start());

      const isFile = testEngine === 'sqlite';
      const warned = printed.map((text) => /"warn".*Another process serves sqlite:.*DATABASE_URL/.test(text));
      expect(warned).toEqual([false, isFile, false]);
    } finally {
      await stop();
      await database.drop();
    }
  }, 60_000);

  it.each<Record<string, string>>([{}, { AUTH_MODE: 'none', HOST: '127.0.0.1' }])(
    'refuses to be open in production: %j',
    async (environment) => {
      const { exitCode, stdout, stderr } = await runCommand('main.ts', [], {
        NODE_ENV: 'production',
        DATABASE_URL: 'sqlite::memory:',
        PORT: '0',
        ...environment,
      });
      expect(exitCode).toBe(1);
      expect(stdout).toBe('');
      expect(stderr).toMatch(/^The configuration has 1 fault:\n {2}- AUTH_MODE .*production/);
    },
  );
});

async function printedAtStart({ stdout }: ChildProcess): Promise<string> {
  if (!stdout) throw new Error('The service has no output.');
  const lines: string[] = [];
  for await (const line of createInterface({ input: stdout })) {
    lines.push(line);
    if (line.includes('Colloquy listens')) break;
  }
  return lines.join('\n');
}
