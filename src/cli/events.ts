import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ConfigModule } from '../config/config.module.js';
import { DatabaseModule } from '../database/database.module.js';
import { EpochsRepository } from '../events/epochs.repository.js';
import { commandIn, databaseConfig, runCommandLine } from './command-line.js';

const USAGE = `Usage: npm run events -- new-epoch
  new-epoch  after a backup was restored: readers of the feed are told that
             what they saw may not have been
`;

@Module({})
class EventsCommandModule {}

async function run(args: readonly string[]): Promise<number> {
  commandIn(args, ['new-epoch']);
  const imports = [ConfigModule.with(databaseConfig({ isRead: true })), DatabaseModule];
  const app = await NestFactory.createApplicationContext(
    { module: EventsCommandModule, imports, providers: [EpochsRepository] },
    { logger: false, abortOnError: false },
  );
  try {
    process.stdout.write(`${await app.get(EpochsRepository).renew()}\n`);
    return 0;
  } finally {
    await app.close();
  }
}

await runCommandLine(USAGE, run);
