import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../src/config/load-config.js';
import { Authority } from '../faults/support/certificates.js';
import { CHART, objects, run, template, the, type Values, valuesFile } from './support/chart.js';
import { environmentOf, podTemplate, secretFiles } from './support/pods.js';

const authority = new Authority('of the database');
const client = authority.sign('DNS:colloquy');

/** What the Secrets of the examples hold. */
const SECRETS: Readonly<Record<string, string>> = {
  'database-url': 'mysql://colloquy:secret@db.example:3306/colloquy',
  'database-user': 'colloquy',
  'database-password': 'p%ss/w:rd@',
  'database-tls-ca': readFileSync(authority.ca, 'utf8'),
  'database-tls-cert': readFileSync(client.cert, 'utf8'),
  'database-tls-key': readFileSync(client.key, 'utf8'),
  'jwt-secret': 'a secret of at least thirty-two characters',
  'redis-url': 'redis://:secret@redis.example:6379/0',
  'webhook-key': `${Buffer.alloc(32, 1).toString('base64')}\n`,
};

/** The configuration that the service of a release starts with: its variables and its mounted files, read by itself. */
function configOf(file: string, deployment: string) {
  const pod = podTemplate(the('Deployment', objects(file), deployment));
  const directory = mkdtempSync(join(tmpdir(), 'colloquy-secrets-'));
  for (const path of secretFiles(pod).keys()) writeFileSync(join(directory, path), SECRETS[path] ?? '');
  const [service] = pod.spec.containers;
  if (!service) throw new Error('No container.');
  const environment = Object.entries(environmentOf(service)).map(([variable, value]) => [
    variable,
    value.replace('/run/secrets/colloquy', directory),
  ]);
  return loadConfig({ environment: { NODE_ENV: 'production', ...Object.fromEntries(environment) } });
}

describe('what the chart makes is what the service reads', () => {
  it.each([
    ['minimal', 'rel-colloquy'],
    ['full', 'talk'],
    ['full', 'talk-worker'],
    ['init-container', 'rel-colloquy'],
    ['at-start', 'rel-colloquy-worker'],
  ])('with the values of %s, in %s', (example, deployment) => {
    expect(configOf(valuesFile(example), deployment)).toMatchObject({
      http: { port: 3000, metricsPort: 9090 },
      database: { engine: 'mysql' },
      auth: { developmentTenantId: undefined },
      log: { pretty: false },
    });
  });

  it('value by value', () => {
    const { http, shutdown, database, auth, rateLimit, redisUrl, events, webhooks, traces, log, warnings } =
      configOf(valuesFile('full'), 'talk');

    expect(http).toMatchObject({ host: '::', swagger: true });
    expect(shutdown).toMatchObject({ delayMs: 15_000, timeoutMs: 30_500 });
    expect(database).toMatchObject({
      hosts: [
        { host: 'db-0.example', port: 3306 },
        { host: 'db-1.example', port: 3307 },
      ],
      database: 'talk',
      user: 'colloquy',
      password: SECRETS['database-password'],
      poolSize: 8,
      migrations: 'check',
      tls: { verify: true },
    });
    expect(auth).toMatchObject({
      apiKeys: true,
      jwt: {
        jwksUrl: new URL('https://issuer.example:8443/keys'),
        issuer: 'https://issuer.example',
        audience: 'colloquy',
        claims: { tenantId: 'org', tenantUnitId: 'department', subject: 'sub' },
      },
    });
    expect(rateLimit).toMatchObject({ requestsPerSecond: 200, burst: 500 });
    expect(redisUrl).toBe(SECRETS['redis-url']);
    expect(http).toMatchObject({
      publicUrl: 'https://colloquy.example/talk',
      corsOrigins: ['https://app.example', 'http://localhost:5173'],
    });
    expect(events).toEqual({ mode: 'write', retentionDays: 7 });
    expect(webhooks).toEqual({
      keys: [Buffer.alloc(32, 1)],
      isKeyRequired: true,
      allow: ['hooks.internal', '10.30.0.0/16', '10.40.0.7', 'fd00:1::/32'],
      proxyUrl: undefined,
    });
    expect(configOf(valuesFile('at-start'), 'rel-colloquy').webhooks.proxyUrl).toBe(
      'http://egress.example:3128',
    );
    expect(traces).toEqual({ endpoint: new URL('http://collector.observability:4318'), ratio: 0.1 });
    expect(log.level).toBe('warn');
    expect(warnings).toEqual([]);
  });
});

describe('a number that the service refuses is refused by the chart, and no other', () => {
  it.each([
    ['rateLimit.requestsPerSecond', 'RATE_LIMIT', 1, 100_000],
    ['rateLimit.burst', 'RATE_LIMIT_BURST', 1, 1_000_000],
    ['database.poolSize', 'DATABASE_POOL_SIZE', 1, 1000],
    ['events.retentionDays', 'EVENTS_RETENTION_DAYS', 1, 3650],
    ['shutdown.timeoutMs', 'SHUTDOWN_TIMEOUT_MS', 100, 600_000],
    ['shutdown.delayMs', 'SHUTDOWN_DELAY_MS', 0, 599_999],
  ])('%s as %s', (path, variable, least, most) => {
    const others = {
      'database.maxConnections': null,
      'shutdown.delayMs': 0,
      'rateLimit.requestsPerSecond': 1,
    };
    const environment = { RATE_LIMIT: '1', SHUTDOWN_TIMEOUT_MS: '600000' };
    for (const value of [least - 1, least, most, most + 1]) {
      const fits = value >= least && value <= most;
      const chart = () =>
        template(valuesFile('minimal'), { ...others, 'shutdown.timeoutMs': 600_000, [path]: value });
      const service = () => loadConfig({ environment: { ...environment, [variable]: String(value) } });

      if (fits) {
        expect(chart).not.toThrow();
        expect(service).not.toThrow();
      } else {
        expect(chart).toThrow();
        expect(service).toThrow(variable);
      }
    }
  });
});

describe('the chart refuses', () => {
  it.each<[string, Values, string]>([
    [
      'a value that it does not know',
      { replicaCount: 3 },
      "additional properties 'replicaCount' not allowed",
    ],
    ['no image', { 'image.repository': '' }, 'image.repository'],
    ['no Secret of the database', { 'database.existingSecret.name': '' }, 'database.existingSecret.name'],
    ['to authenticate nobody', { 'auth.modes': ['none'] }, '/auth/modes/0'],
    [
      'tokens without a key',
      { 'auth.modes': ['jwt'], 'auth.jwt.audience': 'a', 'auth.jwt.issuer': 'i' },
      '/auth/jwt',
    ],
    [
      'tokens without an audience',
      { 'auth.modes': ['jwt'], 'auth.jwt.jwksUrl': 'https://i.example', 'auth.jwt.issuer': 'i' },
      '/auth/jwt/audience',
    ],
    [
      'tokens without an issuer',
      { 'auth.modes': ['jwt'], 'auth.jwt.jwksUrl': 'https://i.example', 'auth.jwt.audience': 'a' },
      '/auth/jwt',
    ],
    ['keys by plain HTTP', { 'auth.jwt.jwksUrl': 'http://issuer.example/keys' }, '/auth/jwt/jwksUrl'],
    [
      'a burst without a limit',
      { 'rateLimit.requestsPerSecond': null, 'rateLimit.burst': 5 },
      '/rateLimit/burst',
    ],
    [
      "a client's certificate without its key",
      { 'database.tls.existingSecret': { name: 'tls', certKey: 'tls.crt' } },
      '/database/tls/existingSecret/keyKey',
    ],
    [
      'a password of a proxy in its values',
      { 'webhooks.proxyUrl': 'http://ada:secret@proxy.example:3128' },
      '/webhooks/proxyUrl',
    ],
    ['an Ingress for no name', { 'ingress.hosts': [] }, '/ingress/hosts'],
    ['a route of no Gateway', { 'httpRoute.enabled': true }, '/httpRoute/parentRefs'],
    ['a delay as long as the time-out', { shutdown: { delayMs: 45_000 } }, 'shutdown.delayMs must be less'],
    ['a rollout that can never begin', { strategy: { maxSurge: 0 } }, 'must not both be 0'],
    [
      'fewer replicas at most than at least',
      { autoscaling: { enabled: true, minReplicas: 11 } },
      'minReplicas must not',
    ],
    [
      'more connections than the server takes',
      { replicas: 15 },
      'up to 160 connections to a server that takes',
    ],
    [
      'a variable that it sets itself',
      { extraEnv: [{ name: 'DATABASE_URL', value: 'mysql://a:b@c/d' }] },
      'extraEnv: DATABASE_URL is set by other values',
    ],
  ])('%s', (_, values, said) => {
    expect(() => template(valuesFile('minimal'), values)).toThrow(said);
  });
});

describe('the notes', () => {
  const notes = (values: Values = {}) =>
    run('helm', [
      ...[
        'install',
        'rel',
        CHART,
        '--dry-run=client',
        '--namespace',
        'talk',
        '--values',
        valuesFile('minimal'),
      ],
      ...Object.entries(values).flatMap(([path, value]) => [
        '--set-json',
        `${path}=${JSON.stringify(value)}`,
      ]),
    ]).replace(/^[\s\S]*\nNOTES:\n/, '');

  it('say what to do next', () => {
    expect(notes()).toContain('kubectl -n talk exec deployment/rel-colloquy -- node dist/cli/keys.js create');
    expect(notes()).toContain('api=https://colloquy.example/admin/api/v2');
    expect(notes({ 'ingress.enabled': false })).toContain('port-forward service/rel-colloquy 3000:80');
  });

  it('count the connections', () => {
    expect(notes()).toContain('Connections: up to 30 to each database host');
    expect(notes({ 'database.maxConnections': null })).toContain(
      'WARNING: database.maxConnections is not set',
    );
  });

  it('warn of what is allowed and not wise', () => {
    expect(notes()).toContain(
      'WARNING: the rate limit is counted by each replica: 2 of them let 200 requests',
    );
    expect(notes({ 'redis.existingSecret.name': 'redis' })).not.toContain('WARNING');
    expect(notes({ 'rateLimit.requestsPerSecond': null })).toContain('WARNING: there is no rate limit');
    expect(notes()).toContain('Webhooks: none can be created');
    expect(
      notes({ 'webhooks.existingSecret.name': 'hooks', 'webhooks.allow': ['hooks.internal', '10.1.0.0/16'] }),
    ).toMatch(/where hooks\.internal is\.(?![^]*where 10\.1)/);
    expect(notes({ replicas: 1 })).toContain('WARNING: one replica');
    expect(notes({ 'database.tls.mode': 'off' })).toContain('WARNING: database.tls.mode is off');
    expect(notes({ 'migrations.mode': 'none' })).toContain('WARNING: migrations.mode is none');
  });
});
