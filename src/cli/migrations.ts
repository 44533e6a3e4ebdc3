import { dataSourceOptions, openDataSource } from '../database/engines/data-source.js';
import { pendingMigrations, runMigrations } from '../database/schema/migrate.js';
import { commandIn, databaseConfig, runCommandLine } from './command-line.js';

const USAGE = `Usage: npm run migrations -- list | run
  list   names the migrations that the database has not seen; fails when there
         are any
  run    runs them; safe while replicas start
`;

async function run(args: readonly string[]): Promise<number> {
  const command = commandIn(args, ['list', 'run']);
  const { database } = databaseConfig({ isRead: command === 'list' });
  const dataSource = await openDataSource(await dataSourceOptions(database));
  try {
    const names = command === 'run' ? await runMigrations(dataSource) : await pendingMigrations(dataSource);
    const what = command === 'run' ? 'run' : 'missing';
    if (names.length > 0) process.stderr.write(`Migrations ${what}: ${names.length}\n`);
    process.stdout.write(names.length > 0 ? `${names.join('\n')}\n` : 'Nothing to do.\n');
    return command === 'list' && names.length > 0 ? 1 : 0;
  } finally {
    await dataSource.destroy();
  }
}

await runCommandLine(USAGE, run);
