import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { ConfigError, loadConfig } from './load-config.js';

const folder = mkdtempSync(join(tmpdir(), 'colloquy-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

function fileWith(text: string): string {
  const path = join(folder, `${Math.random()}`);
  writeFileSync(path, text);
  return path;
}

const load = (environment: Record<string, string | undefined> = {}) => loadConfig({ environment });

/** The faults that a configuration has, one a line; none when it is fine. */
function faultsOf(environment: Record<string, string>): string[] {
  try {
    load(environment);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message
      .split('\n')
      .slice(1)
      .map((line) => line.replace(/^ {2}- /, ''));
  }
}

const pem = (type: 'rsa' | 'ec' | 'ed25519', options: object = {}) => {
  const { publicKey, privateKey } = generateKeyPairSync(type as 'rsa', options as { modulusLength: number });
  return {
    publicPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    privatePem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
};
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBbzCCARWgAwIBAgIUATIp0nOXnUxbymcDDP4n/ajxavQwCgYIKoZIzj0EAwIw
DTELMAkGA1UEAwwCY2EwHhcNMjYxMTI4MTYyODE3WhcNMjYxMjI4MTYyODE3WjAN
MQswCQYDVQQDDAJjYTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABAbpQtP+AnJj
811/aK2AJU9Ua0ULjlyrQr36MVfMhBWevHB8mYD9EDANCb+qX7HNr/YKy1DLgGJl
lVnS9E0Lus2jUzBRMB0GA1UdDgQWBBSfkBLaPCVA8kMdSkhOlzq0QoacvTAfBgNV
HSMEGDAWgBSfkBLaPCVA8kMdSkhOlzq0QoacvTAPBgNVHRMBAf8EBTADAQH/MAoG
CCqGSM49BAMCA0gAMEUCIQDGHa0xXc3zIxwpYRPL0ag/rcWFMQJqbe/hWxnNXzrb
gAIgIBhh2nHBOewUZCpZJemKTvaYwtwBGyAw+tNa9fnF/UI=
-----END CERTIFICATE-----`;
const SECRET = 'correct horse battery staple, 32+';

const WEBHOOK_KEYS = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];

describe('the configuration', () => {
  it.each([
    [{ PORT: 'x' }, /^The configuration has 1 fault:\n/],
    [{ PORT: 'x', SWAGGER: 'x' }, /^The configuration has 2 faults:\n/],
  ])('counts the faults of %j', (environment, sentence) => {
    expect(() => load(environment)).toThrow(sentence);
  });

  it.each<[string, string]>([
    ['ROLES', 'apii'],
    ['DATABASE_TLS', 'verfy'],
  ])('tells one fault of %s=%s, and none that follows from it', (name, value) => {
    expect(faultsOf({ [name]: value })).toHaveLength(1);
  });

  it('has a default for everything in development', () => {
    const defaults = {
      roles: { api: true, worker: true },
      events: { mode: 'on', retentionDays: 30 },
      http: {
        host: '127.0.0.1',
        port: 3000,
        metricsPort: undefined,
        swagger: true,
        corsOrigins: [],
        publicUrl: '',
      },
      shutdown: { delayMs: 0, timeoutMs: 10_000, withParent: false },
      database: { engine: 'sqlite', path: './data/colloquy.sqlite', migrations: 'run' },
      auth: {
        developmentTenantId: '40d39c4b-9585-4123-8fd4-f1cc23a1184c',
        apiKeys: false,
        jwt: undefined,
      },
      log: { level: 'info', pretty: false },
      rateLimit: undefined,
      webhooks: { keys: [], isKeyRequired: false, allow: [], proxyUrl: undefined },
      warnings: [],
    };
    expect(load()).toEqual(defaults);
    expect(
      load({ PORT: '', HOST: '', AUTH_MODE: '', DATABASE_URL: '', DEFAULT_TENANT_ID: '', PORT_FILE: '' }),
    ).toEqual(defaults);
  });

  it('names what looks like one of its variables and is none, with the one that is meant', () => {
    const { warnings } = load({
      DATABSE_URL: 'x',
      AUTH_MOD: 'jwt',
      RATE_LIMITS: '5',
      LOGLEVEL: 'debug',
      DATABASE_URL_FIEL: 'x',
      HOME: '/root',
      PATH: '/bin',
      LANG: 'C',
      HOSTNAME: 'x',
      npm_package_version: '1',
    });

    expect(warnings.map((warning) => /^(\w+) .*did you mean (\w+)\?$/.exec(warning)?.slice(1))).toEqual([
      ['DATABSE_URL', 'DATABASE_URL'],
      ['AUTH_MOD', 'AUTH_MODE'],
      ['RATE_LIMITS', 'RATE_LIMIT'],
      ['LOGLEVEL', 'LOG_LEVEL'],
      ['DATABASE_URL_FIEL', 'DATABASE_URL_FILE'],
    ]);
  });

  it('names what is misspelt beside the faults that it may be the reason of', () => {
    expect(() => load({ NODE_ENV: 'production', AUTH_MOD: 'jwt' })).toThrow(
      /AUTH_MODE must be set.*\n.*AUTH_MOD is no variable of Colloquy.*did you mean AUTH_MODE\?/,
    );
  });

  it('says that any origin is none for a developer without a password', () => {
    const { http, warnings } = load({ CORS_ORIGINS: '*,https://app.example' });

    expect(http.corsOrigins).toEqual(['https://app.example']);
    expect(warnings).toEqual([expect.stringContaining('CORS_ORIGINS=* lets nobody in')]);
  });

  it.each([
    ['CORS_ORIGINS', 'https://app.example/', 'app.example', 'https://a b', ','],
    ['PUBLIC_URL', '/colloquy', 'ftp://x', 'https://u:p@x', 'https://x/?a=1', 'https://x/#a'],
  ])('refuses a %s that is none', (name, ...values) => {
    for (const value of values)
      expect([value, faultsOf({ [name]: value })]).toEqual([
        value,
        [expect.stringMatching(`^${name} must be `)],
      ]);
  });

  it('takes every variable', () => {
    const { publicPem } = pem('ed25519');
    const config = load({
      NODE_ENV: 'production',
      PORT: '0',
      HOST: '::',
      METRICS_PORT: '9464',
      SHUTDOWN_DELAY_MS: '900',
      SHUTDOWN_TIMEOUT_MS: '20000',
      DATABASE_URL: 'mysql://user:p%40ss@db.example:3307/colloquy',
      DATABASE_POOL_SIZE: '25',
      DATABASE_MIGRATIONS: 'check',
      AUTH_MODE: ' api-key , jwt ',
      AUTH_JWKS_URL: 'https://issuer.example/keys',
      AUTH_JWT_PUBLIC_KEY: publicPem,
      AUTH_JWT_SECRET: SECRET,
      AUTH_JWT_ISSUER: 'https://issuer.example',
      AUTH_JWT_AUDIENCE: 'colloquy',
      AUTH_CLAIM_SUBJECT: 'uid',
      AUTH_CLAIM_NAME: 'full_name',
      AUTH_CLAIM_ROLE: 'job',
      AUTH_CLAIM_TENANT_ID: 'org',
      AUTH_CLAIM_TENANT_UNIT_ID: 'team',
      AUTH_CLAIM_SCOPE: 'permissions',
      DEFAULT_TENANT_ID: 'unused',
      LOG_LEVEL: 'debug',
      LOG_FORMAT: 'pretty',
      SWAGGER: 'off',
      RATE_LIMIT: '50',
      RATE_LIMIT_BURST: '80',
      REDIS_URL: 'redis://cache:6379',
      CORS_ORIGINS: 'https://app.example:443, *',
      PUBLIC_URL: 'https://api.example/colloquy/',
      WEBHOOK_KEY: WEBHOOK_KEYS.map((key) => key.toString('base64')).join(', '),
      WEBHOOK_ALLOW: 'hooks.internal, 10.1.0.0/16,::1',
      WEBHOOK_PROXY: 'http://proxy.example:3128',
    });

    expect(config).toEqual({
      webhooks: {
        keys: WEBHOOK_KEYS,
        isKeyRequired: true,
        allow: ['hooks.internal', '10.1.0.0/16', '::1'],
        proxyUrl: 'http://proxy.example:3128',
      },
      roles: { api: true, worker: true },
      events: { mode: 'on', retentionDays: 30 },
      http: {
        host: '::',
        port: 0,
        metricsPort: 9464,
        swagger: false,
        corsOrigins: ['https://app.example', '*'],
        publicUrl: 'https://api.example/colloquy',
      },
      warnings: [],
      shutdown: { delayMs: 900, timeoutMs: 20_000, withParent: false },
      database: {
        engine: 'mysql',
        hosts: [{ host: 'db.example', port: 3307 }],
        user: 'user',
        password: 'p@ss',
        database: 'colloquy',
        poolSize: 25,
        tls: undefined,
        migrations: 'check',
      },
      auth: {
        developmentTenantId: undefined,
        apiKeys: true,
        jwt: {
          jwksUrl: new URL('https://issuer.example/keys'),
          publicKey: { algorithm: 'EdDSA', key: expect.anything() },
          secret: SECRET,
          issuer: 'https://issuer.example',
          audience: 'colloquy',
          claims: {
            subject: 'uid',
            name: 'full_name',
            role: 'job',
            tenantId: 'org',
            tenantUnitId: 'team',
            scope: 'permissions',
          },
        },
      },
      log: { level: 'debug', pretty: true },
      redisUrl: 'redis://cache:6379',
      rateLimit: { requestsPerSecond: 50, burst: 80 },
    });
  });

  it('listens on loopback only where no credential is asked for, unless HOST says otherwise', () => {
    const hostOf = (environment: Record<string, string>) => load(environment).http.host;
    expect(hostOf({ AUTH_MODE: 'none' })).toBe('127.0.0.1');
    expect(hostOf({ AUTH_MODE: 'none', HOST: '0.0.0.0' })).toBe('0.0.0.0');
    expect(hostOf({ AUTH_MODE: 'api-key' })).toBe('0.0.0.0');
  });

  it('is readable on a terminal, unless LOG_FORMAT says otherwise', () => {
    const isPretty = (environment: Record<string, string>) =>
      loadConfig({ terminal: true, environment }).log.pretty;
    expect(isPretty({})).toBe(true);
    expect(isPretty({ LOG_FORMAT: 'json' })).toBe(false);
  });

  it.each([
    ['sqlite::memory:', { engine: 'sqlite', path: ':memory:' }],
    ['sqlite:/var/lib/a b.sqlite', { engine: 'sqlite', path: '/var/lib/a b.sqlite' }],
    [
      'mariadb://u:p@h/d',
      {
        engine: 'mysql',
        hosts: [{ host: 'h', port: 3306 }],
        user: 'u',
        password: 'p',
        database: 'd',
        poolSize: 10,
      },
    ],
    [
      'mysql://u:p%40%2F@h1:3307,[::1],h3/d',
      {
        hosts: [
          { host: 'h1', port: 3307 },
          { host: '::1', port: 3306 },
          { host: 'h3', port: 3306 },
        ],
        password: 'p@/',
      },
    ],
  ])('takes the database %s', (DATABASE_URL, database) => {
    expect(load({ DATABASE_URL }).database).toMatchObject(database);
  });
});

describe('the database in parts', () => {
  const parts = {
    DATABASE_HOSTS: 'h1:3307, h2',
    DATABASE_NAME: 'colloquy',
    DATABASE_USER: 'app',
    DATABASE_PASSWORD: 'p@ss/w%rd',
  };

  it('needs no percent-encoding', () => {
    expect(load(parts).database).toMatchObject({
      engine: 'mysql',
      hosts: [
        { host: 'h1', port: 3307 },
        { host: 'h2', port: 3306 },
      ],
      user: 'app',
      password: 'p@ss/w%rd',
      database: 'colloquy',
    });
    expect(load({ ...parts, DATABASE_PASSWORD: '' }).database).toMatchObject({ password: '' });
  });

  it('is refused beside a URL, and when a part is missing', () => {
    expect(faultsOf({ ...parts, DATABASE_URL: 'sqlite:x' })).toEqual([
      expect.stringMatching(/^DATABASE_URL and DATABASE_HOSTS, DATABASE_NAME, .* are both set/),
    ]);
    expect(faultsOf({ DATABASE_PASSWORD: 'secret' })).toEqual([
      'DATABASE_HOSTS must be set beside DATABASE_PASSWORD',
      'DATABASE_NAME must be set beside DATABASE_PASSWORD',
      'DATABASE_USER must be set beside DATABASE_PASSWORD',
    ]);
    expect(faultsOf({ ...parts, DATABASE_HOSTS: 'h1,,h2' })).toEqual([
      'DATABASE_HOSTS must be host, host:port or several by commas',
    ]);
  });
});

describe('encryption of connections to the database', () => {
  const DATABASE_URL = 'mysql://u:p@h/d';

  it('keeps the names of files, which are read again', () => {
    const file = fileWith(`${CERTIFICATE}\n`);
    const verify = { DATABASE_URL, DATABASE_TLS: 'verify' };
    expect(load({ ...verify, DATABASE_TLS_CA_FILE: file }).database).toMatchObject({
      tls: { verify: true, ca: { text: CERTIFICATE, file }, cert: undefined, key: undefined },
    });
    expect(
      load({ ...verify, DATABASE_TLS: 'required', DATABASE_TLS_CA: CERTIFICATE }).database,
    ).toMatchObject({
      tls: { verify: false, ca: { text: CERTIFICATE, file: undefined } },
    });
  });

  it('is refused where it cannot be', () => {
    expect(faultsOf({ DATABASE_TLS: 'verify' })).toEqual([
      'DATABASE_TLS is for MySQL and MariaDB: SQLite has no connections to encrypt',
    ]);
    expect(faultsOf({ DATABASE_URL, DATABASE_TLS: 'on' })).toEqual([
      'DATABASE_TLS must be off, required or verify',
    ]);
    expect(faultsOf({ DATABASE_URL, DATABASE_TLS_CA: CERTIFICATE })).toEqual([
      'DATABASE_TLS_CA needs DATABASE_TLS required or verify',
    ]);
  });

  it('is refused with a certificate that is none, or whose key is missing or another', () => {
    const verify = { DATABASE_URL, DATABASE_TLS: 'verify' };
    expect(faultsOf({ ...verify, DATABASE_TLS_CA: 'x' })).toEqual([
      'DATABASE_TLS_CA must be certificates in PEM',
    ]);
    expect(faultsOf({ ...verify, DATABASE_TLS_CERT: CERTIFICATE })).toEqual([
      'DATABASE_TLS_CERT and DATABASE_TLS_KEY must be set together',
    ]);
    const { privatePem } = pem('ec', { namedCurve: 'P-256' });
    expect(faultsOf({ ...verify, DATABASE_TLS_CERT: CERTIFICATE, DATABASE_TLS_KEY: privatePem })).toEqual([
      expect.stringMatching(/^DATABASE_TLS_KEY must be the private key of DATABASE_TLS_CERT/),
    ]);
  });
});

describe('X_FILE', () => {
  it('reads X from a file, without the end of its last line', () => {
    const { publicPem } = pem('rsa', { modulusLength: 2048 });
    const { auth, http, database } = load({
      AUTH_MODE_FILE: fileWith('jwt\r\n'),
      AUTH_JWT_SECRET_FILE: fileWith(`${SECRET}\n`),
      AUTH_JWT_PUBLIC_KEY_FILE: fileWith(publicPem),
      PORT_FILE: fileWith('8080'),
      DATABASE_URL_FILE: fileWith('sqlite:x.sqlite\n'),
    });
    expect(auth.jwt).toMatchObject({ secret: SECRET, publicKey: { algorithm: 'RS256' } });
    expect(http.port).toBe(8080);
    expect(database).toMatchObject({ path: 'x.sqlite' });
  });

  it('is refused beside X, and when it cannot be read or holds nothing', () => {
    expect(
      faultsOf({
        PORT: '1',
        PORT_FILE: fileWith('1'),
        HOST_FILE: join(folder, 'not-there'),
        DEFAULT_TENANT_ID_FILE: folder,
        AUTH_JWT_ISSUER_FILE: fileWith('\n'),
      }),
    ).toEqual([
      'PORT and PORT_FILE are both set',
      'HOST_FILE names a file that cannot be read',
      'DEFAULT_TENANT_ID_FILE names a file that cannot be read',
      'AUTH_JWT_ISSUER must not be empty',
    ]);
  });
});

describe('a fault', () => {
  it.each([
    ['PORT', ['x', '-1', '65536', '1.5', '0x50', ' 80', '1e3', '99999999999']],
    ['METRICS_PORT', ['x', '65536']],
    ['SHUTDOWN_DELAY_MS', ['-1', '1s']],
    ['SHUTDOWN_TIMEOUT_MS', ['0', '99', '600001']],
    [
      'DATABASE_URL',
      ['sqlite:', 'mysql://', 'mysql:///d', 'mysql://host', 'mysql://host/', 'postgres://u:p@h/d', 'x'],
    ],
    ['DATABASE_POOL_SIZE', ['0', '1001', 'ten']],
    ['DATABASE_MIGRATIONS', ['true', 'RUN']],
    ['AUTH_MODE', ['None', 'api-key,', 'basic', 'api-key,basic', 'none,api-key', ',', 'jwt;api-key']],
    ['AUTH_JWKS_URL', ['x', 'file:///etc/keys', 'ftp://h/k', 'https://user:word@h/k', 'https://user@h/k']],
    ['DEFAULT_TENANT_ID', ['a b', 'ä', 'x'.repeat(65)]],
    ['LOG_LEVEL', ['INFO', 'verbose']],
    ['LOG_FORMAT', ['JSON', 'text']],
    ['SWAGGER', ['true', 'no', '0']],
  ])('is told of %s', (name, values) => {
    for (const value of values) {
      const faults = faultsOf({ [name]: value });
      expect([value, faults.filter((fault) => fault.startsWith(`${name} `)).length]).toEqual([value, 1]);
    }
  });

  it('is told of a public key of another kind, too small or private', () => {
    const { publicPem, privatePem } = pem('rsa', { modulusLength: 2048 });
    const bad = [
      'x',
      privatePem,
      publicPem.slice(0, 200),
      publicPem.replace('PUBLIC', 'RSA PUBLIC'),
      pem('rsa', { modulusLength: 1024 }).publicPem,
      pem('ec', { namedCurve: 'P-384' }).publicPem,
    ];
    for (const AUTH_JWT_PUBLIC_KEY of bad) {
      expect(faultsOf({ AUTH_JWT_PUBLIC_KEY })).toEqual([
        'AUTH_JWT_PUBLIC_KEY must be a public key in PEM (SPKI): RSA of 2048 bits or more, P-256 or Ed25519',
      ]);
    }
  });

  it('is a delay of the shutdown that is as long as all of it', () => {
    const fault = 'SHUTDOWN_DELAY_MS must be less than SHUTDOWN_TIMEOUT_MS, which counts from the signal';
    expect(faultsOf({ SHUTDOWN_DELAY_MS: '10000' })).toEqual([fault]);
    expect(faultsOf({ SHUTDOWN_DELAY_MS: '9999' })).toEqual([]);
    expect(faultsOf({ SHUTDOWN_DELAY_MS: '9000', SHUTDOWN_TIMEOUT_MS: '30000' })).toEqual([]);
    expect(faultsOf({ SHUTDOWN_DELAY_MS: '500', SHUTDOWN_TIMEOUT_MS: '500' })).toEqual([fault]);
  });

  it('is a role that nobody knows, or SQLite with less than both', () => {
    const mysql = { DATABASE_URL: 'mysql://u:p@h/d' };
    expect(faultsOf({ ...mysql, ROLES: 'api' })).toEqual([]);
    expect(faultsOf({ ...mysql, ROLES: 'api,boss' })).toEqual(['ROLES must be a comma list of api, worker']);
    expect(faultsOf({ ROLES: 'worker, api' })).toEqual([]);
    for (const ROLES of ['api', 'worker'])
      expect(faultsOf({ ROLES })).toEqual([expect.stringMatching(/^ROLES must be both .* SQLite/)]);
  });

  it('is one port for two servers', () => {
    for (const port of [
      { PORT: '8080', METRICS_PORT: '8080' },
      { PORT: '', METRICS_PORT: '3000' },
    ])
      expect(faultsOf(port)).toEqual(['METRICS_PORT must be another port than PORT']);
    expect(faultsOf({ PORT: '0', METRICS_PORT: '0' })).toEqual([]);
  });

  it('is AUTH_MODE=jwt without a key', () => {
    expect(faultsOf({ AUTH_MODE: 'jwt,api-key' })).toEqual([
      'AUTH_MODE jwt needs AUTH_JWKS_URL, AUTH_JWT_PUBLIC_KEY or AUTH_JWT_SECRET',
    ]);
    expect(faultsOf({ AUTH_MODE: 'api-key' })).toEqual([]);
  });

  it('is production without AUTH_MODE, with none, or with a short secret', () => {
    const production = { NODE_ENV: 'production' };
    expect(faultsOf(production)).toEqual(['AUTH_MODE must be set when NODE_ENV=production']);
    expect(faultsOf({ ...production, AUTH_MODE: 'none', HOST: '127.0.0.1' })).toEqual([
      'AUTH_MODE none is for development and refused when NODE_ENV=production',
    ]);
    const jwt = { AUTH_MODE: 'jwt', AUTH_JWT_SECRET: 'x'.repeat(31), AUTH_JWT_AUDIENCE: 'colloquy' };
    expect(faultsOf({ ...production, ...jwt })).toEqual([expect.stringMatching(/^AUTH_JWT_SECRET .*32/)]);
    expect(faultsOf(jwt)).toEqual([]);
  });

  it('is production with tokens for any audience, or by any issuer of a key that is not shared with it', () => {
    const AUTH_JWKS_URL = 'https://issuer.example/keys';
    const production = { NODE_ENV: 'production', AUTH_MODE: 'jwt,api-key' };
    const [audience, issuer] = ['AUTH_JWT_AUDIENCE', 'AUTH_JWT_ISSUER'].map((name): unknown =>
      expect.stringMatching(`^${name} must be set .*production`),
    );
    expect(faultsOf({ ...production, AUTH_JWKS_URL })).toEqual([audience, issuer]);
    expect(faultsOf({ ...production, AUTH_JWT_PUBLIC_KEY: pem('ed25519').publicPem })).toEqual([
      audience,
      issuer,
    ]);
    expect(faultsOf({ ...production, AUTH_JWT_SECRET: SECRET })).toEqual([audience]);
    expect(faultsOf({ ...production, AUTH_JWT_SECRET: SECRET, AUTH_JWT_AUDIENCE: 'colloquy' })).toEqual([]);
    expect(faultsOf({ AUTH_MODE: 'jwt', AUTH_JWKS_URL })).toEqual([]);
  });

  it('is keys of tokens that are fetched in the clear from another machine', () => {
    const faultsWith = (AUTH_JWKS_URL: string) => faultsOf({ AUTH_MODE: 'jwt', AUTH_JWKS_URL });
    for (const url of ['http://issuer.example/keys', 'http://10.0.0.1/keys', 'http://127.0.0.1.example/keys'])
      expect(faultsWith(url)).toEqual([expect.stringMatching(/^AUTH_JWKS_URL must be https/)]);
    for (const url of ['http://127.0.0.1:8080/keys', 'http://localhost/keys', 'http://[::1]/keys'])
      expect(faultsWith(url)).toEqual([]);
  });

  it('never hides another: all are told at once, and no value of any', () => {
    const values = {
      PORT: 'port-value',
      DATABASE_URL: 'mysql://user:database-password@/',
      DATABASE_POOL_SIZE: 'pool-value',
      DATABASE_MIGRATIONS: 'migrations-value',
      AUTH_JWKS_URL: 'https://user:jwks-password@h/k',
      AUTH_JWT_PUBLIC_KEY: 'pem-value',
      AUTH_JWT_SECRET: 'short-secret-value',
      DEFAULT_TENANT_ID: 'tenant value',
      LOG_LEVEL: 'level-value',
      LOG_FORMAT: 'format-value',
      SWAGGER: 'swagger-value',
      METRICS_PORT: 'metrics-value',
    };
    const faults = faultsOf({ ...values, NODE_ENV: 'production', HOST_FILE: '/not/there' });

    const named = faults.map((fault) => fault.split(' ')[0]);
    expect(named.sort()).toEqual([...Object.keys(values), 'AUTH_MODE', 'HOST_FILE'].sort());
    expect(faults.join('\n')).not.toMatch(/-value|-password|tenant value|not.there/);
  });
});
