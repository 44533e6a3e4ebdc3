import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { isOpaqueId, OPAQUE_ID_RULE } from '../common/validation/opaque-id.js';
import { type AppConfig, LOG_LEVELS } from './app-config.js';

type Environment = Readonly<Record<string, string | undefined>>;

interface LoadOptions {
  /** Whether the log goes to a terminal, where people read it. */
  terminal?: boolean;
  environment?: Environment;
}

/** The environment is not usable; the message names every fault and no value. */
export class ConfigError extends Error {
  constructor(faults: readonly string[]) {
    super(
      `The configuration has ${faults.length} fault(s):\n${faults.map((fault) => `  - ${fault}`).join('\n')}`,
    );
    this.name = 'ConfigError';
  }
}

const integer = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, `must be a whole number from ${min} to ${max}`)
    .transform(Number)
    .refine((n) => n >= min && n <= max, `must be a whole number from ${min} to ${max}`);

const text = z.string().min(1);
const url = z.url({ protocol: /^https?$/, error: 'must be an http or https URL' });
const opaqueId = z.string().refine(isOpaqueId, OPAQUE_ID_RULE);

const variables = z.object({
  NODE_ENV: text.optional(),
  PORT: integer(0, 65_535).default(3000),
  HOST: text.optional(),
  METRICS_PORT: integer(0, 65_535).optional(),
  DATABASE_URL: z
    .string()
    .regex(
      /^(sqlite:.+|(mysql|mariadb):\/\/.+)$/,
      'must be sqlite:<path>, sqlite::memory: or mysql://user:password@host:3306/database',
    )
    .refine(
      (value) => value.startsWith('sqlite:') || isMysqlUrl(value),
      'is no valid mysql:// URL with a host and a database',
    )
    .default('sqlite:./data/colloquy.sqlite'),
  DATABASE_POOL_SIZE: integer(1, 1000).default(10),
  DATABASE_MIGRATIONS: z.enum(['run', 'check'], 'must be run or check').default('run'),
  AUTH_MODE: z
    .string()
    .transform((value) => value.split(',').map((mode) => mode.trim()))
    .refine(
      (modes) => modes.every((mode) => ['none', 'jwt', 'api-key'].includes(mode)),
      'must be none, or a comma list of jwt and api-key',
    )
    .refine(
      (modes) => !modes.includes('none') || modes.length === 1,
      'none cannot be combined with other modes',
    )
    .optional(),
  AUTH_JWKS_URL: url.optional(),
  AUTH_JWT_PUBLIC_KEY: z
    .string()
    .regex(/^-----BEGIN PUBLIC KEY-----/, 'must be a public key in PEM (SPKI)')
    .optional(),
  AUTH_JWT_SECRET: text.optional(),
  AUTH_JWT_ISSUER: text.optional(),
  AUTH_JWT_AUDIENCE: text.optional(),
  AUTH_CLAIM_SUBJECT: text.default('sub'),
  AUTH_CLAIM_NAME: text.default('name'),
  AUTH_CLAIM_ROLE: text.default('role'),
  AUTH_CLAIM_TENANT_ID: text.default('tenant_id'),
  AUTH_CLAIM_TENANT_UNIT_ID: text.default('tenant_unit_id'),
  AUTH_CLAIM_SCOPE: text.default('scope'),
  DEFAULT_TENANT_ID: opaqueId.default('40d39c4b-9585-4123-8fd4-f1cc23a1184c'),
  LOG_LEVEL: z.enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(', ')}`).default('info'),
  LOG_FORMAT: z.enum(['json', 'pretty'], 'must be json or pretty').optional(),
  SWAGGER: z.enum(['on', 'off'], 'must be on or off').default('on'),
});

type Variables = z.output<typeof variables>;

/**
 * Reads and checks the environment; `X_FILE` gives the file that holds `X`, an empty variable is an absent one.
 * Throws ConfigError with every fault at once.
 */
export function loadConfig({ terminal = false, environment = process.env }: LoadOptions = {}): AppConfig {
  const faults: string[] = [];
  const parsed = variables.safeParse(withFiles(environment, faults));
  for (const { path, message } of parsed.error?.issues ?? []) faults.push(`${path.join('.')} ${message}`);
  if (parsed.data) faults.push(...contradictions(parsed.data));
  if (faults.length > 0 || !parsed.data) throw new ConfigError(faults);
  return asConfig(parsed.data, terminal);
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

function contradictions(v: Variables): string[] {
  const faults: string[] = [];
  const modes = authModes(v);
  if (!v.AUTH_MODE && v.NODE_ENV === 'production')
    faults.push('AUTH_MODE must be set when NODE_ENV=production');
  if (v.AUTH_MODE && modes.includes('none') && v.NODE_ENV === 'production') {
    faults.push('AUTH_MODE none is for development and refused when NODE_ENV=production');
  }
  if (v.NODE_ENV === 'production' && v.AUTH_JWT_SECRET && v.AUTH_JWT_SECRET.length < 32) {
    faults.push(
      'AUTH_JWT_SECRET must have at least 32 characters when NODE_ENV=production (RFC 7518, section 3.2)',
    );
  }
  const jwtKeys = [v.AUTH_JWKS_URL, v.AUTH_JWT_PUBLIC_KEY, v.AUTH_JWT_SECRET].filter(Boolean);
  if (modes.includes('jwt') && jwtKeys.length === 0) {
    faults.push('AUTH_MODE jwt needs AUTH_JWKS_URL, AUTH_JWT_PUBLIC_KEY or AUTH_JWT_SECRET');
  }
  return faults;
}

const authModes = (v: Variables): readonly string[] => v.AUTH_MODE ?? ['none'];

function asConfig(v: Variables, terminal: boolean): AppConfig {
  const modes = authModes(v);
  const open = modes.includes('none');
  return {
    production: v.NODE_ENV === 'production',
    http: {
      host: v.HOST ?? (open ? '127.0.0.1' : '0.0.0.0'),
      port: v.PORT,
      metricsPort: v.METRICS_PORT,
      swagger: v.SWAGGER === 'on',
    },
    database: {
      migrations: v.DATABASE_MIGRATIONS,
      ...(v.DATABASE_URL.startsWith('sqlite:')
        ? { engine: 'sqlite', path: v.DATABASE_URL.slice('sqlite:'.length) }
        : {
            engine: 'mysql',
            url: v.DATABASE_URL.replace(/^mariadb:/, 'mysql:'),
            poolSize: v.DATABASE_POOL_SIZE,
          }),
    },
    auth: {
      developmentTenantId: open ? v.DEFAULT_TENANT_ID : undefined,
      apiKeys: modes.includes('api-key'),
      jwt: modes.includes('jwt')
        ? {
            jwksUrl: v.AUTH_JWKS_URL === undefined ? undefined : new URL(v.AUTH_JWKS_URL),
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
    log: { level: v.LOG_LEVEL, pretty: v.LOG_FORMAT ? v.LOG_FORMAT === 'pretty' : terminal },
  };
}

function isMysqlUrl(value: string): boolean {
  const parsed = URL.parse(value.replace(/^mariadb:/, 'mysql:'));
  return parsed !== null && parsed.hostname !== '' && parsed.pathname.length > 1;
}
