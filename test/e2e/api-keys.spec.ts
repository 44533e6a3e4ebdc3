import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { ApiKeysService } from '../../src/auth/api-keys.service.js';
import { runCommand } from '../support/command.js';
import { createTestApp } from '../support/create-test-app.js';
import { expectProblem } from '../support/problems.js';
import { signToken } from '../support/tokens.js';

const { app, as, databaseUrl, logs } = await createTestApp({ environment: { AUTH_MODE: 'api-key' } });
const tokensOnly = await createTestApp({ environment: { AUTH_MODE: 'jwt' }, databaseUrl });
const nobody = as();
const secrets: string[] = [];

const withKey = (secret: string) => ({ headers: { 'x-api-key': secret } });
const list = (secret: string, query = {}) => nobody.get('/conversations', { ...withKey(secret), query });
const create = (secret: string, query = {}) =>
  nobody.post('/conversations', { topic: 'confidential' }, { ...withKey(secret), query });

/** The command line, as an operator uses it: `npm run keys -- …`. */
async function keys(...args: string[]) {
  const {
    exitCode,
    stdout = '',
    stderr = '',
  } = await runCommand('cli/keys.ts', args, {
    DATABASE_URL: databaseUrl,
  });
  return { exitCode, stdout, stderr };
}

async function newKey(options: Partial<Parameters<ApiKeysService['create']>[0]> = {}): Promise<string> {
  const { secret } = await app.get(ApiKeysService).create({
    name: 'test',
    tenantId: 'acme',
    tenantUnitId: null,
    scopes: ['conversations:read', 'conversations:write'],
    expiresTime: null,
    ...options,
  });
  secrets.push(secret);
  return secret;
}

function expectRefused(answer: Awaited<ReturnType<typeof list>>): void {
  expectProblem(answer, 'unauthenticated');
  expect(answer.headers['www-authenticate']).toMatch(/^Bearer/);
}

describe('a key made by the command line', () => {
  const started = new Date().toISOString();
  let secret: string;
  let id: string;

  beforeAll(async () => {
    const args = [
      '--name',
      'Nightly import',
      '--tenant',
      'acme',
      '--unit',
      'north',
      '--expires',
      '2999-01-31T00:00:00Z',
    ];
    const { exitCode, stdout, stderr } = await keys('create', ...args);
    expect({ exitCode, stdout, stderr }).toEqual({
      exitCode: 0,
      stdout: expect.stringMatching(/^cq_[\w-]{43}\n$/),
      stderr: expect.stringContaining('Nightly import'),
    });
    secret = stdout.trim();
    secrets.push(secret);
    expect(stderr).not.toContain(secret);
    id = /[0-9a-f-]{36}/.exec(stderr)?.[0] ?? '';
  });

  it('acts at once, in either header', async () => {
    const { status, body } = await create(secret);
    expect(status).toBe(201);
    expect(body).toMatchObject({
      tenant_id: 'acme',
      tenant_unit_id: 'north',
      user_id: null,
      created_by: id,
      created_by_name: 'Nightly import',
      created_by_role: null,
    });
    const asBearer = { headers: { authorization: `Bearer ${secret}` } };
    expect((await nobody.get(`/conversations/${body.id}`, asBearer)).body).toEqual(body);
  });

  it('is listed without its secret', async () => {
    const { exitCode, stdout } = await keys('list');
    expect(exitCode).toBe(0);
    const [line = ''] = stdout.split('\n').filter((one) => one.startsWith(id));
    const [, name, bound, scopes, created = '', state] = line.split('\t');
    expect([name, bound, scopes, state]).toEqual([
      'Nightly import',
      'acme/north',
      'conversations:read conversations:write',
      'expires 2999-01-31T00:00:00.000Z',
    ]);
    expect(created.replace('created ', '') >= started).toBe(true);
    expect(stdout).not.toContain(secret.slice(3));
    expect(stdout).not.toContain(createHash('sha256').update(secret).digest('hex'));
  });

  it('is refused from the moment it is revoked, and cannot be revoked again', async () => {
    expect((await list(secret)).status).toBe(200);
    expect(await keys('revoke', id)).toEqual({
      exitCode: 0,
      stdout: `Revoked ${id}.\n`,
      stderr: expect.any(String),
    });
    expectRefused(await list(secret));
    expectRefused(await nobody.get('/conversations', { headers: { authorization: `Bearer ${secret}` } }));

    expect(await keys('revoke', id)).toMatchObject({ exitCode: 2, stdout: '' });
    expect((await keys('list')).stdout).toMatch(new RegExp(`^${id}\t.*\trevoked `, 'm'));
  });
});

describe('the command line', () => {
  it('makes no key of what it does not understand, and says why', async () => {
    const before = (await app.get(ApiKeysService).list()).length;
    const wrong = [
      ['create', '--tenant', 'acme'],
      ['create', '--name', 'x'],
      ['create', '--name', 'x', '--unit', 'north', '--scopes', 'tenants:any'],
      ['create', '--name', 'x', '--tenant', 'acme', '--scopes', 'conversations:admin'],
      ['create', '--name', 'x', '--tenant', 'acme', '--colour', 'red'],
      ['destroy'],
    ];
    const answers = await Promise.all(wrong.map((args) => keys(...args)));
    for (const [index, answer] of answers.entries()) {
      expect([wrong[index], answer]).toEqual([
        wrong[index],
        { exitCode: 2, stdout: '', stderr: expect.stringMatching(/--|revoke/) },
      ]);
      expect(answer.stderr).not.toMatch(/^\s+at /m);
    }
    expect(await app.get(ApiKeysService).list()).toHaveLength(before);
  });
});

describe('a key', () => {
  it('is refused when it is unknown, misspelt or of another kind', async () => {
    const secret = await newKey();
    expect((await list(secret)).status).toBe(200);
    const last = secret.at(-1) === 'A' ? 'B' : 'A';
    const wrong = [
      `cq_${'A'.repeat(43)}`,
      secret.slice(0, -1),
      secret.slice(0, -1) + last,
      `${secret}A`,
      secret.toLowerCase(),
      secret.slice(3),
      `${secret},${secret}`,
      `Bearer ${secret}`,
      createHash('sha256').update(secret).digest('hex'),
      'cq_',
      "cq_' OR 1=1 --",
      'é'.repeat(46),
      'x'.repeat(10_000),
      await signToken(),
    ];
    for (const one of wrong) expectRefused(await list(one));
  });

  it('is refused once it has expired', async () => {
    expectRefused(await list(await newKey({ expiresTime: new Date(Date.now() - 1) })));
    expect((await list(await newKey({ expiresTime: new Date(Date.now() + 60_000) }))).status).toBe(200);
    expect((await keys('list')).stdout).toMatch(/\texpired 2/);
  });

  it('acts for its tenant and its unit only', async () => {
    const ofAcme = await newKey();
    const ofNorth = await newKey({ tenantUnitId: 'north' });
    expect((await create(ofAcme)).body).toMatchObject({ tenant_id: 'acme', tenant_unit_id: null });
    expect((await create(ofNorth)).body).toMatchObject({ tenant_id: 'acme', tenant_unit_id: 'north' });
    expectProblem(await list(ofAcme, { tenant_id: 'globex' }), 'tenant_forbidden');
    expectProblem(await list(ofNorth, { tenant_unit_id: 'south' }), 'tenant_unit_forbidden');
    expect((await list(ofAcme, { tenant_id: 'acme', tenant_unit_id: 'south' })).body.total_count).toBe(0);
  });

  it('acts for the tenant that is named when it is bound to none and may do so', async () => {
    const scopes = ['conversations:read', 'conversations:write', 'tenants:any'] as const;
    const ofAny = await newKey({ tenantId: null, scopes });
    const ofNone = await newKey({ tenantId: null });
    expect((await create(ofAny, { tenant_id: 'globex' })).body.tenant_id).toBe('globex');
    expectProblem(await list(ofAny), 'tenant_required');
    expectProblem(await list(ofNone, { tenant_id: 'globex' }), 'tenant_forbidden');
    expectProblem(await list(ofNone), 'tenant_required');
  });

  it('may do what its scopes say', async () => {
    const reader = await newKey({ scopes: ['conversations:read'] });
    const writer = await newKey({ scopes: ['conversations:write'] });
    expect((await list(reader)).status).toBe(200);
    expectProblem(await create(reader), 'insufficient_scope');
    expect((await create(writer)).status).toBe(201);
    expectProblem(await list(writer), 'insufficient_scope');
  });

  it('is accepted only where AUTH_MODE names keys, and a token only where it names tokens', async () => {
    const secret = await newKey();
    const token = await signToken({ claims: { scope: 'conversations:read' } });
    const refusing = tokensOnly.as();
    expectRefused(await refusing.get('/conversations', withKey(secret)));
    expectRefused(await refusing.get('/conversations', { headers: { authorization: `Bearer ${secret}` } }));
    expectRefused(await nobody.get('/conversations', { headers: { authorization: `Bearer ${token}` } }));
    expect(
      (await refusing.get('/conversations', { headers: { authorization: `Bearer ${token}` } })).status,
    ).toBe(200);
  });
});

describe('the secret of a key', () => {
  it('is kept as its SHA-256 and nothing else', async () => {
    const secret = await newKey({ name: 'hashed' });
    const runner = app.get(DataSource).createQueryRunner('master');
    const rows = (await runner.query('SELECT * FROM api_key')) as { name: string; key_hash: string }[];
    await runner.release();
    const [row] = rows.filter(({ name }) => name === 'hashed');
    expect(row?.key_hash).toBe(createHash('sha256').update(secret).digest('hex'));
    expect(secrets.length).toBeGreaterThan(10);
    for (const one of secrets) expect(JSON.stringify(rows)).not.toContain(one.slice(3));
  });

  if (testEngine === 'sqlite') {
    it('is in no file of the database', () => {
      const path = databaseUrl.replace('sqlite:', '');
      const bytes = Buffer.concat([readFileSync(path), readFileSync(`${path}-wal`)]);
      expect(bytes.includes('Nightly import')).toBe(true);
      for (const one of secrets) expect(bytes.includes(one.slice(3))).toBe(false);
    });
  }

  it('is in no line of the log, nor is what was said', () => {
    const text = JSON.stringify([logs, tokensOnly.logs]);
    expect(text).toContain('"status":401');
    for (const one of secrets) expect(text).not.toContain(one.slice(3));
    expect(text).not.toMatch(/cq_|eyJ|confidential/);
  });
});

describe('keys that nobody was given', () => {
  it('do not keep those who have one from being served, however many there are', async () => {
    const secret = await newKey();
    const unknown = Array.from({ length: 1_500 }, () => list(`cq_${randomBytes(32).toString('base64url')}`));

    const known = await Promise.all(Array.from({ length: 10 }, () => list(secret)));

    expect(known.map(({ status }) => status)).toEqual(Array(10).fill(200));
    expect(new Set((await Promise.all(unknown)).map(({ status }) => status))).toEqual(new Set([401]));
  }, 60_000);
});
