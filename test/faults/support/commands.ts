import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

export const DIST = join(import.meta.dirname, '../../../dist');

/** Runs a command line of the service to its end, and returns what it prints. */
export const runCommand = (
  name: string,
  args: readonly string[],
  environment: Record<string, string>,
  dist = DIST,
): string =>
  execFileSync(process.execPath, [join(dist, 'cli', `${name}.js`), ...args], {
    env: { PATH: process.env.PATH, ...environment },
    encoding: 'utf8',
    stdio: 'pipe',
  });

export function newApiKey(databaseUrl: string, dist = DIST): string {
  const args = ['create', '--name', 'test', '--tenant', 'acme'];
  const printed = runCommand('keys', args, { DATABASE_URL: databaseUrl }, dist);
  return printed.trim().split(/\s/).at(-1) ?? '';
}
