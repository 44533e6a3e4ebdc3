import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ConfigModule } from '../config/config.module.js';
import { loadConfig } from '../config/load-config.js';
import { DatabaseModule } from '../database/database.module.js';
import { EpochsRepository } from '../events/epochs.repository.js';

const USAGE = `Usage: npm run events -- new-epoch
  new-epoch  after a backup was restored: readers of the feed are told that what they saw may not have been
`;

@Module({})
class EventsCommandModule {}

async function main([command]: readonly string[]): Promise<number> {
  if (command !== 'new-epoch') {
    process.stderr.write(USAGE);
    return 2;
  }
  const imports = [ConfigModule.with(loadConfig()), DatabaseModule];
  const app = await NestFactory.createApplicationContext(
    { module: EventsCommandModule, imports, providers: [EpochsRepository] },
    { logger: ['error', 'fatal'], abortOnError: false },
  );
  try {
    process.stdout.write(`${await app.get(EpochsRepository).renew()}\n`);
    return 0;
  } finally {
    await app.close();
  }
}

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  return 1;
});
