import { Readable } from 'node:stream';
import { afterAll } from '@jest/globals';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { createApp } from '../../src/app.setup.js';
import { loadConfig } from '../../src/config/load-config.js';
import { createLogger } from '../../src/monitoring/logger.js';
import { logWatch } from './log-watch.js';
import { type Identity, TestClient, TOKEN_SECRET } from './test-client.js';
import { StatementWatcher } from './statement-watcher.js';
import { createTestDatabase } from './test-database.js';

interface TestApp {
  readonly app: NestFastifyApplication;
  readonly databaseUrl: string;
  readonly watcher: StatementWatcher;
  /** Every line logged so far, parsed. */
  readonly logs: Record<string, unknown>[];
  /** A client with a token of this identity; without one, a client with no credential. */
  readonly as: (identity?: Identity) => TestClient;
  /** Listens on a free port of loopback and returns the base URL; for what `inject` cannot show. */
  readonly listen: () => Promise<string>;
  readonly close: () => Promise<void>;
}

interface Options {
  /** Variables that differ from the defaults of the tests. */
  environment?: Record<string, string>;
  /** Another replica's database instead of a new one. */
  databaseUrl?: string;
}

/**
 * The real app on a real, migrated, empty database of the engine under test. It is closed when the test file is
 * done, which then fails if a statement reached a tenant's table without its tenant, or if the log has anything of
 * what was sent: credentials, keys, values of queries and bodies, and parameters of statements.
 */
export async function createTestApp({ environment = {}, databaseUrl }: Options = {}): Promise<TestApp> {
  const database =
    databaseUrl === undefined ? await createTestDatabase() : { url: databaseUrl, drop: async () => {} };
  const { app, logs } = await startTestApp({ DATABASE_URL: database.url, ...environment });
  const watcher = StatementWatcher.on(app);
  let closed: Promise<void> | undefined;
  const close = () => (closed ??= app.close().then(() => database.drop()));
  afterAll(async () => {
    await close();
    if (watcher.leaks.length > 0)
      throw new Error(`Statements without a tenant:\n${watcher.leaks.join('\n')}`);
    if (process.env.VITESS_STATEMENTS === 'check' && watcher.unknown.length > 0)
      throw new Error(
        `Statements that docs/vitess.md does not know ("A new statement"):\n${watcher.unknown.join('\n')}`,
      );
    logWatch.assertSecrecy();
  });
  return {
    app,
    databaseUrl: database.url,
    watcher,
    logs,
    as: (identity) => new TestClient(app, identity),
    listen: async () => {
      await app.listen(0, '127.0.0.1');
      return (await app.getUrl()).replace('[::1]', '127.0.0.1');
    },
    close,
  };
}

/** As `createTestApp`, on a database that is there, and for a test that closes it itself. */
export async function startTestApp(
  environment: Record<string, string>,
): Promise<Pick<TestApp, 'app' | 'logs'>> {
  const logs: Record<string, unknown>[] = [];
  const variables = { AUTH_MODE: 'jwt,api-key', AUTH_JWT_SECRET: TOKEN_SECRET, ...environment };
  logWatch.keepConfiguration(variables);
  const config = loadConfig({ environment: variables });
  // What would be logged at any level must keep the secrets; a test sees the lines of the level that it asks for.
  const logger = createLogger(
    { ...config.log, level: 'trace' },
    {
      write: (line: string) => {
        logWatch.print(line);
        const fields = JSON.parse(line) as Record<string, unknown>;
        if (severityOf(fields['level']) >= severityOf(config.log.level)) logs.push(fields);
      },
    },
  );
  const app = await createApp(config, logger);
  keepRequestsSecret(app.getHttpAdapter().getInstance());
  await app.getHttpAdapter().getInstance().ready();
  return { app, logs };
}

const severityOf = (level: unknown): number => pino.levels.values[String(level)] ?? Infinity;

const SECRET_HEADERS = ['authorization', 'x-api-key', 'idempotency-key'] as const;

/** Whoever sends a request, to this app and by whatever client. */
function keepRequestsSecret(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, _reply, done) => {
    for (const name of SECRET_HEADERS)
      logWatch.keep(String(request.headers[name] ?? '').replace(/^Bearer +/i, ''));
    logWatch.keep(request.query);
    done();
  });
  fastify.addHook('onResponse', (request, _reply, done) => {
    // As it was read; who is refused before has a body that nobody has read.
    if (!(request.body instanceof Readable)) logWatch.keep(request.body);
    done();
  });
}
