import { loadConfig } from '../config/load-config.js';
import { dataSourceOptions, openDataSource } from '../database/engines/data-source.js';
import { pendingMigrations, runMigrations } from '../database/schema/migrate.js';

const USAGE = `Usage: npm run migrations -- list | run
  list   names the migrations that the database has not seen; fails when there are any
  run    runs them; safe while replicas start
`;

async function main([command]: readonly string[]): Promise<number> {
  if (command !== 'list' && command !== 'run') {
    process.stderr.write(USAGE);
    return 2;
  }
  const dataSource = await openDataSource(await dataSourceOptions(loadConfig().database));
  try {
    const names = command === 'run' ? await runMigrations(dataSource) : await pendingMigrations(dataSource);
    process.stdout.write(names.length > 0 ? `${names.join('\n')}\n` : 'Nothing to do.\n');
    return command === 'list' && names.length > 0 ? 1 : 0;
  } finally {
    await dataSource.destroy();
  }
}

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  return 1;
});
