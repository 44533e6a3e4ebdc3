import { isIP } from 'node:net';
import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { APP_CONFIG, type AppConfig, type DatabaseConfig } from '../config/app-config.js';

/** Says at start, one line each, what of the database is not as it should be. */
@Injectable()
export class StartChecks implements OnModuleInit {
  readonly #logger = new Logger(StartChecks.name);

  constructor(@Inject(APP_CONFIG) private readonly config: AppConfig) {}

  onModuleInit(): void {
    for (const warning of encryptionWarnings(this.config.database)) this.#logger.warn(warning);
  }
}

export function encryptionWarnings(config: DatabaseConfig): string[] {
  if (config.engine === 'sqlite') return [];
  const remote = config.hosts.map(({ host }) => host).filter((host) => !isLoopback(host));
  if (!config.tls && remote.length > 0)
    return [
      `Connections to ${remote.join(', ')} are not encrypted: whoever is on the way reads and changes what is stored. Set DATABASE_TLS=verify.`,
    ];
  if (config.tls?.ca && !config.tls.verify)
    return [
      'DATABASE_TLS_CA is not used, and the server may be anybody: DATABASE_TLS=required only encrypts. Set DATABASE_TLS=verify.',
    ];
  return [];
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
