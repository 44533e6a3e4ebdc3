import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ConfigModule } from '../config/config.module.js';
import { ConversationCountsAudit } from '../conversations/conversation-counts.audit.js';
import { DatabaseModule } from '../database/database.module.js';
import { commandIn, databaseConfig, runCommandLine } from './command-line.js';

const USAGE = `Usage: npm run counters -- check | rebuild
  check    compares the totals of all lists with the conversations that exist;
           fails when any differs
  rebuild  counts the tenants anew whose totals differ; safe while the service
           runs
`;

@Module({})
class CountersModule {}

async function run(args: readonly string[]): Promise<number> {
  const command = commandIn(args, ['check', 'rebuild']);
  const imports = [ConfigModule.with(databaseConfig({ isRead: true })), DatabaseModule];
  const app = await NestFactory.createApplicationContext(
    { module: CountersModule, imports, providers: [ConversationCountsAudit] },
    { logger: false, abortOnError: false },
  );
  try {
    const audit = app.get(ConversationCountsAudit);
    const faults = await audit.faults();
    for (const fault of faults) process.stdout.write(`${JSON.stringify(fault)}\n`);
    process.stdout.write(faults.length === 1 ? '1 total differs\n' : `${faults.length} totals differ\n`);
    if (command === 'check') return faults.length > 0 ? 1 : 0;
    for (const tenant of new Set(faults.map(({ tenant_id }) => tenant_id))) await audit.rebuild(tenant);
    return 0;
  } finally {
    await app.close();
  }
}

await runCommandLine(USAGE, run);
