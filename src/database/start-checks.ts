import { Inject, Injectable, Logger } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { isLoopback } from '../common/loopback.js';
import { APP_CONFIG, type AppConfig, type DatabaseConfig } from '../config/app-config.js';
import { checkServer } from './engines/server-checks.js';

/** Says at start, one line each, what of the database is not as it should be. */
@Injectable()
export class StartChecks {
  readonly #logger = new Logger(StartChecks.name);

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    @Inject(APP_CONFIG) private readonly config: AppConfig,
  ) {}

  /** Throws when the service could not work, with all reasons. */
  async run(): Promise<void> {
    const { database } = this.config;
    for (const warning of encryptionWarnings(database)) this.#logger.warn(warning);
    if (database.engine === 'sqlite') return;
    const runner = this.dataSource.createQueryRunner('master');
    try {
      const { refusals, warnings } = await checkServer(this.dataSource, runner, database);
      for (const warning of warnings) this.#logger.warn(warning);
      if (refusals.length > 0) throw new Error(`The database cannot be used. ${refusals.join(' ')}`);
    } finally {
      await runner.release();
    }
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
