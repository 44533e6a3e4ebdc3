import type { Server } from 'node:http';
import type { Logger } from 'pino';
import { createApp, createMonitoringServer } from './app.setup.js';
import type { AppConfig } from './config/app-config.js';
import { describeDatabase } from './config/describe-database.js';
import { loadConfig } from './config/load-config.js';
import { claimSqlite } from './database/engines/sqlite-claim.js';
import { createLogger, standardOutput } from './monitoring/logger.js';
import { VERSION } from './monitoring/version.js';
import { assertNodeVersion } from './node-version.js';
import { stopOnSignal } from './shutdown.js';
import { startFailure } from './start-failure.js';

const USAGE = `Usage: npm start
       npm run start:prod, which does not build
  Starts Colloquy. Its settings come from the environment: PORT=8080 npm start
`;

/** Starts the service, and stops it cleanly on SIGTERM or SIGINT. */
async function main([argument]: readonly string[]): Promise<void> {
  assertNodeVersion();
  if (argument === '--help' || argument === '-h') return void process.stdout.write(USAGE);
  if (argument !== undefined) {
    process.stderr.write(`Colloquy takes no arguments, but ${argument} was given.\n${USAGE}`);
    process.exitCode = 2;
    return;
  }
  const config = loadConfig({ terminal: process.stdout.isTTY });
  const logger = createLogger(config.log, await standardOutput(config.log));
  for (const warning of config.warnings) logger.warn(warning);
  try {
    const sendLastTraces = await exportingTraces(config, logger);
    const app = await createApp(config, logger);
    warnOfOthers(config, logger);
    const { api } = config.roles;
    const metricsPort = config.http.metricsPort ?? (api ? undefined : config.http.port);
    const monitoring = metricsPort === undefined ? undefined : createMonitoringServer(app);
    const stopMonitoring = () => Promise.all([monitoring?.close(), sendLastTraces?.()]);
    stopOnSignal(app, stopMonitoring, config.shutdown, logger);
    try {
      if (api) await app.listen(config.http.port, config.http.host);
      const address = await monitoring?.listen({ port: metricsPort, host: config.http.host });
      if (!api) logger.info(`Colloquy works; health and metrics are on ${address} (${describe(config)})`);
    } catch (error) {
      await app.close();
      throw error;
    }
    if (!api) return;
    const url = await app.getUrl();
    const bound = boundAddress(app.getHttpServer());
    if (config.auth.developmentTenantId !== undefined) {
      logger.warn(`AUTH_MODE=none: anybody who reaches ${bound} may do anything. For development only.`);
    }
    logger.info(
      `Colloquy listens on ${bound} (${describe(config)}${config.http.swagger ? `; Swagger UI: ${url}/docs` : ''})`,
    );
  } catch (error) {
    const stack = logger.isLevelEnabled('debug') && { err: error };
    logger.fatal({ ...stack }, `Colloquy could not start: ${startFailure(error, config)}`);
    process.exitCode = 1;
  }
}

function warnOfOthers({ database }: AppConfig, logger: Logger): void {
  if (database.engine !== 'sqlite' || database.path === ':memory:' || claimSqlite(database.path)) return;
  logger.warn(
    `Another process serves ${describeDatabase(database)}, which is for one: set another DATABASE_URL, or use MySQL or MariaDB.`,
  );
}

/** Where a server is really bound to: every address of the machine is 0.0.0.0 or [::], which Nest shows as loopback. */
function boundAddress(server: Server): string {
  const bound = server.address();
  if (bound === null || typeof bound === 'string') return String(bound);
  return `http://${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}`;
}

/** Loads OpenTelemetry's SDK, where traces are wanted only. */
async function exportingTraces(
  { traces }: AppConfig,
  logger: Logger,
): Promise<(() => Promise<void>) | undefined> {
  if (!traces) return undefined;
  const { exportTraces } = await import('./monitoring/trace-export.js');
  return exportTraces(traces, VERSION.version, logger);
}

function describe({ database, auth, roles }: AppConfig): string {
  const modes = [auth.developmentTenantId && 'none', auth.jwt && 'jwt', auth.apiKeys && 'api-key'];
  return [
    `version: ${VERSION.version}`,
    `database: ${describeDatabase(database)}`,
    `authentication: ${modes.filter(Boolean).join(', ')}`,
    `roles: ${[roles.api && 'api', roles.worker && 'worker'].filter(Boolean).join(', ')}`,
  ].join('; ');
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${startFailure(error)}\n`);
  process.exitCode = 1;
});
