import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { APP_CONFIG, type AppConfig } from '../../config/app-config.js';
import { StartChecks } from '../start-checks.js';
import { pendingMigrations, runMigrations, untilHeardOf } from './migrate.js';

/** Before the service listens: checks the database, and runs what migrations are missing, or with DATABASE_MIGRATIONS=check throws if any is. */
@Injectable()
export class SchemaReady implements OnModuleInit {
  readonly #logger = new Logger(SchemaReady.name);

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    @Inject(APP_CONFIG) private readonly config: AppConfig,
    private readonly checks: StartChecks,
  ) {}

  async onModuleInit(): Promise<void> {
    try {
      await this.#prepare();
    } catch (error) {
      // Nest does not close what failed to start, and open connections would keep the process alive.
      await this.dataSource.destroy();
      throw error;
    }
  }

  async #prepare(): Promise<void> {
    await this.checks.run();
    if (this.config.database.migrations === 'check') {
      const pending = await pendingMigrations(this.dataSource);
      if (pending.length > 0)
        throw new Error(`Migrations are missing: ${pending.join(', ')}. Run \`npm run migrations -- run\`.`);
      return;
    }
    const executed = await runMigrations(this.dataSource);
    if (executed.length === 0) return;
    await untilHeardOf(this.dataSource);
    this.#logger.log(`Migrations run: ${executed.join(', ')}`);
  }
}
