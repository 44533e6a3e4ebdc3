import type { MysqlServer } from './mysql-url.js';
import type { PublicKey } from './public-key.js';
import type { WebhooksConfig } from './webhooks-config.js';

/** The service's settings: read once at start, checked, never changed. Only `loadConfig` makes one. */
export interface AppConfig {
  readonly http: {
    readonly host: string;
    readonly port: number;
    /** Health and metrics listen here instead of on `port`, when set. */
    readonly metricsPort: number | undefined;
    readonly swagger: boolean;
    /** Web pages of these origins may call the API; `*` stands for all. */
    readonly corsOrigins: readonly string[];
    /** Where clients find the service, without a slash at its end; empty where they are told paths only. */
    readonly publicUrl: string;
  };
  /** What this process does. */
  readonly roles: { readonly api: boolean; readonly worker: boolean };
  readonly events: {
    /** `write`: events are left and published, not served. */
    readonly mode: 'on' | 'write' | 'off';
    readonly retentionDays: number;
  };
  readonly shutdown: {
    /** How long requests are still taken after the signal, while `/readyz` already says no. */
    readonly delayMs: number;
    /** When, counted from the signal, what is still under way is cut off. */
    readonly timeoutMs: number;
    /** Under npm, whose shell does not hand a signal on: the end of the parent process is the signal. */
    readonly withParent: boolean;
  };
  readonly database: DatabaseConfig;
  readonly auth: AuthConfig;
  /** Undefined: a tenant may send as many requests as it likes. */
  /** Where replicas share what they count, and tell each other that feeds go further. May hold a password. */
  readonly redisUrl: string | undefined;
  readonly rateLimit: RateLimitConfig | undefined;
  /** Undefined: no traces, and nothing of OpenTelemetry but its API is loaded. */
  readonly traces: TracesConfig | undefined;
  readonly webhooks: WebhooksConfig;
  readonly log: { readonly level: LogLevel; readonly pretty: boolean };
  /** What is odd about the environment, in sentences, to be said at start. */
  readonly warnings: readonly string[];
}

export interface TracesConfig {
  /** Where spans are sent by OTLP over HTTP: this and `/v1/traces`. */
  readonly endpoint: URL;
  /** The share of the traces that begin here which is kept, from 0 to 1; of others, whoever began them says so. */
  readonly ratio: number;
}

export type DatabaseConfig = { readonly migrations: 'run' | 'check' } & (SqliteConfig | MysqlConfig);

export interface SqliteConfig {
  readonly engine: 'sqlite';
  /** Of the file; `:memory:` for none. */
  readonly path: string;
}

export interface MysqlConfig extends MysqlServer {
  readonly engine: 'mysql';
  /** Connections to each host. */
  readonly poolSize: number;
  /** Undefined: connections are not encrypted. */
  readonly tls: DatabaseTlsConfig | undefined;
}

export interface DatabaseTlsConfig {
  /** Whether the server's certificate and name are checked; otherwise connections are only encrypted. */
  readonly verify: boolean;
  /** Whom to trust; undefined for the system's authorities. */
  readonly ca: Pem | undefined;
  /** What the service shows of itself. */
  readonly cert: Pem | undefined;
  readonly key: Pem | undefined;
}

/** Text in PEM, and the file it was read from, which is read again. */
export interface Pem {
  readonly text: string;
  readonly file: string | undefined;
}

interface AuthConfig {
  /** Undefined: a credential is asked for. Otherwise anybody acts in this tenant unless another is named. */
  readonly developmentTenantId: string | undefined;
  readonly apiKeys: boolean;
  readonly jwt: JwtConfig | undefined;
}

export interface JwtConfig {
  readonly jwksUrl: URL | undefined;
  readonly publicKey: PublicKey | undefined;
  readonly secret: string | undefined;
  readonly issuer: string | undefined;
  readonly audience: string | undefined;
  /** Names of the claims that a deployment may call differently. */
  readonly claims: {
    readonly subject: string;
    readonly name: string;
    readonly role: string;
    readonly tenantId: string;
    readonly tenantUnitId: string;
    /** Undefined: `scope`, else `scopes`. */
    readonly scope: string | undefined;
  };
}

/** What each tenant may send. */
export interface RateLimitConfig {
  readonly requestsPerSecond: number;
  /** How many requests a tenant that was silent before may send at once. */
  readonly burst: number;
}

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
type LogLevel = (typeof LOG_LEVELS)[number];

/** Injection token of the AppConfig. */
export const APP_CONFIG = Symbol('AppConfig');
