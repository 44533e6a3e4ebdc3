import { setTimeout as sleep } from 'node:timers/promises';
import type { INestApplication } from '@nestjs/common';
import type { Logger } from 'pino';
import type { AppConfig } from './config/app-config.js';
import { Health } from './monitoring/health.js';

const PARENT_CHECK_INTERVAL_MS = 250;

/**
 * Stops the service cleanly on SIGTERM or SIGINT: `/readyz` says no at once, requests are still taken for the delay,
 * those under way are finished, and the process ends with 0, at the latest at the time-out; with 1 if stopping fails.
 */
export function stopOnSignal(
  app: INestApplication,
  closeMonitoring: () => Promise<unknown>,
  { delayMs, timeoutMs, withParent }: AppConfig['shutdown'],
  logger: Logger,
): void {
  let stopping: Promise<void> | undefined;
  // Written first: at exit, the log tries for ever to write what waits to a reader that is gone.
  const exit = (code: number) => logger.flush(() => process.exit(code));
  const stop = async (signal: string) => {
    logger.info(`${signal}: stopping`);
    app.get(Health).startShutdown();
    setTimeout(() => {
      logger.warn('Requests were cut off, because they did not end in time.');
      exit(0);
    }, timeoutMs).unref();
    await sleep(delayMs);
    await app.close();
    await closeMonitoring();
    logger.info('stopped');
  };
  const stopOnce = (signal: string) => {
    stopping ??= stop(signal).catch((error: unknown) => {
      logger.error({ err: error }, 'Stopping failed.');
      exit(1);
    });
  };
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => stopOnce(signal));
  if (withParent) {
    const parent = process.ppid;
    setInterval(() => {
      if (process.ppid !== parent) stopOnce('the parent process ended');
    }, PARENT_CHECK_INTERVAL_MS).unref();
  }
}
