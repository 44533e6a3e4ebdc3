import { z } from 'zod';
import type { DatabaseTlsConfig, MysqlConfig, Pem, SqliteConfig } from './app-config.js';
import { type MysqlServer, parseHosts, parseMysqlUrl } from './mysql-url.js';
import { isCertificates, isPair } from './pem.js';

const DEFAULT_URL = 'sqlite:./data/colloquy.sqlite';
const PARTS = ['DATABASE_HOSTS', 'DATABASE_NAME', 'DATABASE_USER'] as const;
const TLS_FILES = ['DATABASE_TLS_CA', 'DATABASE_TLS_CERT', 'DATABASE_TLS_KEY'] as const;

const text = z.string().min(1, 'must not be empty');

/** What the environment says of the database, one variable at a time. */
export const databaseVariables = {
  DATABASE_URL: z
    .string()
    .refine(
      (value) => /^sqlite:./.test(value) || parseMysqlUrl(value) !== undefined,
      'must be sqlite:<path>, sqlite::memory: or mysql://user:password@host:3306/database (hosts of a cluster separated by commas)',
    )
    .optional(),
  DATABASE_HOSTS: z
    .string()
    .refine((value) => parseHosts(value) !== undefined, 'must be host, host:port or several by commas')
    .optional(),
  DATABASE_NAME: text.optional(),
  DATABASE_USER: text.optional(),
  DATABASE_PASSWORD: text.optional(),
  DATABASE_TLS: z.enum(['off', 'required', 'verify'], 'must be off, required or verify').default('off'),
  DATABASE_TLS_CA: z.string().refine(isCertificates, 'must be certificates in PEM').optional(),
  DATABASE_TLS_CERT: z.string().refine(isCertificates, 'must be a certificate in PEM').optional(),
  DATABASE_TLS_KEY: text.optional(),
};

type Written = Partial<Record<keyof typeof databaseVariables, string>>;

/** What is wrong between the variables, as they are written. */
export function databaseContradictions(v: Written): string[] {
  const faults: string[] = [];
  const parts = [...PARTS, 'DATABASE_PASSWORD' as const].filter((name) => v[name] !== undefined);
  if (parts.length > 0) {
    if (v.DATABASE_URL !== undefined)
      faults.push(
        `DATABASE_URL and ${parts.join(', ')} are both set: give the database as a URL or in parts`,
      );
    else
      for (const name of PARTS)
        if (v[name] === undefined) faults.push(`${name} must be set beside ${parts.join(', ')}`);
  }
  const isSqlite = parts.length === 0 && (v.DATABASE_URL ?? DEFAULT_URL).startsWith('sqlite:');
  if (isSqlite && ['required', 'verify'].includes(v.DATABASE_TLS ?? 'off'))
    faults.push('DATABASE_TLS is for MySQL and MariaDB: SQLite has no connections to encrypt');
  if ((v.DATABASE_TLS_CERT === undefined) !== (v.DATABASE_TLS_KEY === undefined))
    faults.push('DATABASE_TLS_CERT and DATABASE_TLS_KEY must be set together');
  else if (v.DATABASE_TLS_CERT !== undefined && !isPair(v.DATABASE_TLS_CERT, v.DATABASE_TLS_KEY))
    faults.push(
      'DATABASE_TLS_KEY must be the private key of DATABASE_TLS_CERT, in PEM and without a passphrase',
    );
  if ((v.DATABASE_TLS ?? 'off') === 'off')
    for (const name of TLS_FILES)
      if (v[name] !== undefined) faults.push(`${name} needs DATABASE_TLS required or verify`);
  return faults;
}

type DatabaseVariables = z.output<z.ZodObject<typeof databaseVariables>>;

/** The database that is meant; `fileOf` names the file that a variable was read from. */
export function databaseIn(
  v: DatabaseVariables & { DATABASE_POOL_SIZE: number },
  fileOf: (name: string) => string | undefined,
): SqliteConfig | MysqlConfig {
  const server = serverIn(v);
  if (!server) return { engine: 'sqlite', path: (v.DATABASE_URL ?? DEFAULT_URL).slice('sqlite:'.length) };
  return { engine: 'mysql', ...server, poolSize: v.DATABASE_POOL_SIZE, tls: tlsIn(v, fileOf) };
}

function serverIn(v: DatabaseVariables): MysqlServer | undefined {
  const hosts = parseHosts(v.DATABASE_HOSTS ?? '');
  if (!hosts) return parseMysqlUrl(v.DATABASE_URL ?? DEFAULT_URL);
  const { DATABASE_USER: user = '', DATABASE_PASSWORD: password = '', DATABASE_NAME: database = '' } = v;
  return { hosts, user, password, database };
}

function tlsIn(
  v: DatabaseVariables,
  fileOf: (name: string) => string | undefined,
): DatabaseTlsConfig | undefined {
  if (v.DATABASE_TLS === 'off') return undefined;
  const pem = (name: (typeof TLS_FILES)[number]): Pem | undefined => {
    const text = v[name];
    return text === undefined ? undefined : { text, file: fileOf(name) };
  };
  return {
    verify: v.DATABASE_TLS === 'verify',
    ca: pem('DATABASE_TLS_CA'),
    cert: pem('DATABASE_TLS_CERT'),
    key: pem('DATABASE_TLS_KEY'),
  };
}
