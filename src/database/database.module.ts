import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { APP_CONFIG, type AppConfig } from '../config/app-config.js';
import { DatabaseProbe } from './database-probe.js';
import { dataSourceOptions, openDataSource } from './engines/data-source.js';
import { SchemaReady } from './schema/schema-ready.js';
import { StartChecks } from './start-checks.js';
import { LargeReads } from './sql/large-reads.js';
import { Transactions } from './sql/transactions.js';

/** Opens the database and brings its schema up to date (or refuses to start, with DATABASE_MIGRATIONS=check). */
@Global()
@Module({
  imports: [
    TypeOrmModule.forRootAsync({
      inject: [APP_CONFIG],
      useFactory: async (config: AppConfig) => ({
        ...(await dataSourceOptions(config.database)),
        autoLoadEntities: true,
        retryAttempts: 0,
      }),
      dataSourceFactory: async (options) => {
        if (!options) throw new TypeError('TypeOrmModule gave no options.');
        return openDataSource(options);
      },
    }),
  ],
  providers: [DatabaseProbe, Transactions, LargeReads, SchemaReady, StartChecks],
  exports: [DatabaseProbe, Transactions, LargeReads],
})
export class DatabaseModule {}
