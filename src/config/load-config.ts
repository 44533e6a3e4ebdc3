import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { nearest } from '../common/nearest.js';
import { isOpaqueId, OPAQUE_ID_RULE } from '../common/opaque-id.js';
import { type AppConfig, LOG_LEVELS } from './app-config.js';
import { databaseContradictions, databaseIn, databaseVariables } from './database-variables.js';
import { CORS_ORIGINS_RULE, originsIn, PUBLIC_URL_RULE, publicUrlIn } from './public-address.js';
import { PUBLIC_KEY_RULE, readPublicKey } from './public-key.js';
import { tokenContradictions } from './token-variables.js';
import {
  readWebhookAllow,
  readWebhookKeys,
  WEBHOOK_ALLOW_RULE,
  WEBHOOK_KEY_RULE,
} from './webhooks-config.js';

type Environment = Readonly<Record<string, string | undefined>>;

interface LoadOptions {
  /** Whether the log goes to a terminal, where people read it. */
  terminal?: boolean;
  environment?: Environment;
}

/** The environment is not usable; the message names every fault and no value, and what is misspelt beside them. */
export class ConfigError extends Error {
  constructor(faults: readonly string[], misspelt: readonly string[]) {
    const lines = [...faults, ...misspelt].map((line) => `\n  - ${line}`).join('');
    super(`The configuration has ${faults.length === 1 ? '1 fault' : `${faults.length} faults`}:${lines}`);
    this.name = 'ConfigError';
  }
}

const DEFAULT_SHUTDOWN_TIMEOUT_MS = 10_000;
const BURST_SECONDS = 2;
const ROLES: readonly string[] = ['api', 'worker'];

const integer = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, `must be a whole number from ${min} to ${max}`)
    .transform(Number)
    .refine((n) => n >= min && n <= max, `must be a whole number from ${min} to ${max}`);

const text = z.string().min(1, 'must not be empty');
const opaqueId = z.string().refine(isOpaqueId, OPAQUE_ID_RULE);

const variables = z.object({
  NODE_ENV: text.optional(),
  npm_lifecycle_event: text.optional(),
  PORT: integer(0, 65_535).default(3000),
  HOST: text.optional(),
  METRICS_PORT: integer(0, 65_535).optional(),
  SHUTDOWN_DELAY_MS: integer(0, 600_000).default(0),
  SHUTDOWN_TIMEOUT_MS: integer(100, 600_000).default(DEFAULT_SHUTDOWN_TIMEOUT_MS),
  ...databaseVariables,
  DATABASE_POOL_SIZE: integer(1, 1000).default(10),
  DATABASE_MIGRATIONS: z.enum(['run', 'check'], 'must be run or check').default('run'),
  AUTH_MODE: z
    .string()
    .transform(modesIn)
    .refine(
      (modes) => modes.every((mode) => ['none', 'jwt', 'api-key'].includes(mode)),
      'must be none, or a comma list of jwt and api-key',
    )
    .refine(
      (modes) => !modes.includes('none') || modes.length === 1,
      'none cannot be combined with other modes',
    )
    .optional(),
  AUTH_JWKS_URL: z
    .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
    .transform((value) => new URL(value))
    .refine(({ username, password }) => username + password === '', 'must have no user and no password')
    .optional(),
  AUTH_JWT_PUBLIC_KEY: z
    .string()
    .transform(readPublicKey)
    .refine((key) => key !== undefined, PUBLIC_KEY_RULE)
    .optional(),
  AUTH_JWT_SECRET: text.optional(),
  AUTH_JWT_ISSUER: text.optional(),
  AUTH_JWT_AUDIENCE: text.optional(),
  AUTH_CLAIM_SUBJECT: text.default('sub'),
  AUTH_CLAIM_NAME: text.default('name'),
  AUTH_CLAIM_ROLE: text.default('role'),
  AUTH_CLAIM_TENANT_ID: text.default('tenant_id'),
  AUTH_CLAIM_TENANT_UNIT_ID: text.default('tenant_unit_id'),
  AUTH_CLAIM_SCOPE: text.optional(),
  DEFAULT_TENANT_ID: opaqueId.default('40d39c4b-9585-4123-8fd4-f1cc23a1184c'),
  CORS_ORIGINS: z
    .string()
    .transform(originsIn)
    .refine((origins) => origins !== undefined, CORS_ORIGINS_RULE)
    .optional(),
  PUBLIC_URL: z
    .string()
    .transform(publicUrlIn)
    .refine((url) => url !== undefined, PUBLIC_URL_RULE)
    .optional(),
  RATE_LIMIT: integer(1, 100_000).optional(),
  RATE_LIMIT_BURST: integer(1, 1_000_000).optional(),
  REDIS_URL: z
    .string()
    .refine(isRedisUrl, 'must be redis://user:password@host:6379/0 or rediss://…, percent-encoded')
    .optional(),
  OTEL_EXPORTER_OTLP_ENDPOINT: z
    .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
    .transform((value) => new URL(value))
    .optional(),
  OTEL_TRACES_SAMPLER_ARG: z
    .string()
    .regex(/^(0|1|0?\.\d{1,9}|1\.0+)$/, 'must be a number from 0 to 1')
    .transform(Number)
    .default(1),
  WEBHOOK_KEY: z
    .string()
    .transform(readWebhookKeys)
    .refine((keys) => keys !== undefined, WEBHOOK_KEY_RULE)
    .optional(),
  WEBHOOK_ALLOW: z
    .string()
    .transform(readWebhookAllow)
    .refine((entries) => entries !== undefined, WEBHOOK_ALLOW_RULE)
    .optional(),
  WEBHOOK_PROXY: z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }).optional(),
  LOG_LEVEL: z.enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(', ')}`).default('info'),
  LOG_FORMAT: z.enum(['json', 'pretty'], 'must be json or pretty').optional(),
  ROLES: z
    .string()
    .transform((value) => value.split(',').map((role) => role.trim()))
    .refine(
      (roles) => roles.every((role) => ROLES.includes(role)),
      `must be a comma list of ${ROLES.join(', ')}`,
    )
    .default(() => [...ROLES]),
  EVENTS: z.enum(['on', 'write', 'off'], 'must be on, write or off').default('on'),
  EVENTS_RETENTION_DAYS: integer(1, 3_650).default(30),
  SWAGGER: z.enum(['on', 'off'], 'must be on or off').default('on'),
});

type Variables = z.output<typeof variables>;

/**
 * Reads and checks the environment; `X_FILE` gives the file that holds `X`, an empty variable is an absent one.
 * Throws ConfigError with every fault at once.
 */
export function loadConfig({ terminal = false, environment = process.env }: LoadOptions = {}): AppConfig {
  const faults: string[] = [];
  const values = withFiles(environment, faults);
  const parsed = variables.safeParse(values);
  for (const { path, message } of parsed.error?.issues ?? []) faults.push(`${path.join('.')} ${message}`);
  faults.push(...contradictions(values));
  const misspelt = misspeltVariables(environment);
  if (faults.length > 0 || !parsed.data) throw new ConfigError(faults, misspelt);
  const config = asConfig(parsed.data, terminal, (name) => environment[`${name}_FILE`]);
  return { ...config, warnings: [...misspelt, ...config.warnings] };
}

/** Variables that are set and are none of ours, but look like it: each with the one that is probably meant. */
function misspeltVariables(environment: Environment): string[] {
  const known = Object.keys(variables.shape).flatMap((name) => [name, `${name}_FILE`]);
  return Object.keys(environment)
    .filter((name) => /^[A-Z][A-Z0-9_]+$/.test(name) && !known.includes(name))
    .flatMap((name) => {
      const meant = nearest(name, known);
      return meant === undefined
        ? []
        : [`${name} is no variable of Colloquy and is ignored: did you mean ${meant}?`];
    });
}

function withFiles(environment: Environment, faults: string[]): Record<string, string> {
  const values: Record<string, string> = {};
  for (const name of Object.keys(variables.shape)) {
    const value = environment[name];
    const file = environment[`${name}_FILE`];
    if (value && file) faults.push(`${name} and ${name}_FILE are both set`);
    else if (value) values[name] = value;
    else if (file) {
      try {
        values[name] = readFileSync(file, 'utf8').trimEnd();
      } catch {
        faults.push(`${name}_FILE names a file that cannot be read`);
      }
    }
  }
  return values;
}

/** What is wrong between variables. Looks at them as they are written, so that it is told beside all other faults. */
function contradictions(v: Partial<Record<keyof Variables, string>>): string[] {
  const faults: string[] = [];
  const production = v.NODE_ENV === 'production';
  const modes = modesIn(v.AUTH_MODE);
  if (production && v.AUTH_MODE === undefined) faults.push('AUTH_MODE must be set when NODE_ENV=production');
  else if (production && modes.includes('none'))
    faults.push('AUTH_MODE none is for development and refused when NODE_ENV=production');
  faults.push(...tokenContradictions(v, modes.includes('jwt'), production));
  if (Number(v.SHUTDOWN_DELAY_MS) >= Number(v.SHUTDOWN_TIMEOUT_MS ?? DEFAULT_SHUTDOWN_TIMEOUT_MS)) {
    faults.push('SHUTDOWN_DELAY_MS must be less than SHUTDOWN_TIMEOUT_MS, which counts from the signal');
  }
  faults.push(...databaseContradictions(v));
  const roles = (v.ROLES ?? 'api,worker').split(',').map((role) => role.trim());
  const isSqlite = !v.DATABASE_HOSTS && /^sqlite:/.test(v.DATABASE_URL ?? 'sqlite:');
  const isKnown = roles.every((role) => ROLES.includes(role));
  if (isSqlite && isKnown && !ROLES.every((role) => roles.includes(role)))
    faults.push('ROLES must be both api and worker with SQLite, whose file belongs to one process');
  if (v.METRICS_PORT && v.METRICS_PORT !== '0' && v.METRICS_PORT === (v.PORT || '3000'))
    faults.push('METRICS_PORT must be another port than PORT');
  if (v.RATE_LIMIT_BURST && !v.RATE_LIMIT) faults.push('RATE_LIMIT_BURST needs RATE_LIMIT');
  return faults;
}

function modesIn(authMode = 'none'): string[] {
  return authMode.split(',').map((mode) => mode.trim());
}

function asConfig(v: Variables, terminal: boolean, fileOf: (name: string) => string | undefined): AppConfig {
  const modes = v.AUTH_MODE ?? modesIn();
  const open = modes.includes('none');
  return {
    http: {
      host: v.HOST ?? (open ? '127.0.0.1' : '0.0.0.0'),
      port: v.PORT,
      metricsPort: v.METRICS_PORT,
      swagger: v.SWAGGER === 'on',
      // Whoever opens any web page must not let it act as the local developer.
      corsOrigins: (v.CORS_ORIGINS ?? []).filter((origin) => origin !== '*' || !open),
      publicUrl: v.PUBLIC_URL ?? '',
    },
    roles: { api: v.ROLES.includes('api'), worker: v.ROLES.includes('worker') },
    events: { mode: v.EVENTS, retentionDays: v.EVENTS_RETENTION_DAYS },
    shutdown: {
      delayMs: v.SHUTDOWN_DELAY_MS,
      timeoutMs: v.SHUTDOWN_TIMEOUT_MS,
      withParent: v.npm_lifecycle_event !== undefined,
    },
    database: {
      migrations: v.DATABASE_MIGRATIONS,
      ...databaseIn(v, fileOf),
    },
    auth: {
      developmentTenantId: open ? v.DEFAULT_TENANT_ID : undefined,
      apiKeys: modes.includes('api-key'),
      jwt: modes.includes('jwt')
        ? {
            jwksUrl: v.AUTH_JWKS_URL,
            publicKey: v.AUTH_JWT_PUBLIC_KEY,
            secret: v.AUTH_JWT_SECRET,
            issuer: v.AUTH_JWT_ISSUER,
            audience: v.AUTH_JWT_AUDIENCE,
            claims: {
              subject: v.AUTH_CLAIM_SUBJECT,
              name: v.AUTH_CLAIM_NAME,
              role: v.AUTH_CLAIM_ROLE,
              tenantId: v.AUTH_CLAIM_TENANT_ID,
              tenantUnitId: v.AUTH_CLAIM_TENANT_UNIT_ID,
              scope: v.AUTH_CLAIM_SCOPE,
            },
          }
        : undefined,
    },
    redisUrl: v.REDIS_URL,
    rateLimit: v.RATE_LIMIT
      ? {
          requestsPerSecond: v.RATE_LIMIT,
          burst: v.RATE_LIMIT_BURST ?? BURST_SECONDS * v.RATE_LIMIT,
        }
      : undefined,
    warnings:
      open && v.CORS_ORIGINS?.includes('*')
        ? ['CORS_ORIGINS=* lets nobody in with AUTH_MODE=none: name the origins.']
        : [],
    traces: v.OTEL_EXPORTER_OTLP_ENDPOINT && {
      endpoint: v.OTEL_EXPORTER_OTLP_ENDPOINT,
      ratio: v.OTEL_TRACES_SAMPLER_ARG,
    },
    webhooks: {
      keys: v.WEBHOOK_KEY ?? [],
      isKeyRequired: v.NODE_ENV === 'production',
      allow: v.WEBHOOK_ALLOW ?? [],
      proxyUrl: v.WEBHOOK_PROXY,
    },
    log: { level: v.LOG_LEVEL, pretty: v.LOG_FORMAT ? v.LOG_FORMAT === 'pretty' : terminal },
  };
}

function isRedisUrl(value: string): boolean {
  const url = URL.parse(value);
  if (!url?.hostname || !/^rediss?:\/\//.test(value)) return false;
  try {
    decodeURIComponent(url.username + url.password);
    return /^\/?\d*$/.test(url.pathname);
  } catch {
    return false;
  }
}
