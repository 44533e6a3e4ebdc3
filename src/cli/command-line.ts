import { existsSync } from 'node:fs';
import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';
import { nearest } from '../common/nearest.js';
import type { AppConfig } from '../config/app-config.js';
import { describeDatabase } from '../config/describe-database.js';
import { loadConfig } from '../config/load-config.js';
import { assertNodeVersion } from '../node-version.js';
import { startFailure } from '../start-failure.js';

/** What was asked for cannot be done; the message is for the person who asked. */
export class UsageError extends Error {}

/** Of every command line. */
const EXIT_CODES = `Exit codes: 0 done, 1 failed or something was found, 2 asked for wrongly.\n`;

let config: AppConfig | undefined;

/**
 * Runs a command line and sets the exit code. `--help` shows the usage; what goes wrong is told in a sentence on
 * standard error, never with a stack.
 */
export async function runCommandLine(
  usage: string,
  run: (args: readonly string[]) => Promise<number>,
): Promise<void> {
  const args = process.argv.slice(2);
  try {
    assertNodeVersion();
    if (args.some((arg) => arg === '--help' || arg === '-h')) process.stdout.write(usage + EXIT_CODES);
    else process.exitCode = await run(args);
  } catch (error) {
    const isUsage = isUsageError(error);
    process.stderr.write(`${startFailure(error, config)}\n${isUsage ? '--help shows what there is.\n' : ''}`);
    process.exitCode = isUsage ? 2 : 1;
  }
}

/** The values of the options in `args`. Throws UsageError with what is near for another option. */
export function optionsIn<const Options extends ParseArgsOptionsConfig>(
  args: readonly string[],
  options: Options,
) {
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true });
  for (const token of tokens)
    if (token.kind === 'option' && !Object.hasOwn(options, token.name))
      throw new UsageError(
        `There is no option ${token.rawName}${meant(token.name, Object.keys(options), '--')}`,
      );
  return parseArgs({ args: [...args], options }).values;
}

/** The end of a sentence about a word that is not known: what is probably meant by it. */
export function meant(given: string, names: readonly string[], prefix = ''): string {
  const near = nearest(given, names);
  return near === undefined ? '.' : `: did you mean ${prefix}${near}?`;
}

/** The command that the only argument names. Throws UsageError with what is near for another word. */
export function commandIn<Name extends string>(
  [given, more]: readonly string[],
  names: readonly Name[],
): Name {
  const found = names.find((name) => name === given);
  if (found !== undefined && more !== undefined) throw new UsageError(`${found} takes no ${more}.`);
  if (found !== undefined) return found;
  if (given === undefined) throw new UsageError(`One of these is needed: ${names.join(', ')}.`);
  throw new UsageError(`There is no command ${given}${meant(given, names)}`);
}

/** The configuration; says on standard error which database is meant. A command that only reads makes none. */
export function databaseConfig({ isRead }: { isRead: boolean }): AppConfig {
  config = loadConfig();
  for (const warning of config.warnings) process.stderr.write(`${warning}\n`);
  const { database } = config;
  process.stderr.write(`Database: ${describeDatabase(database)}\n`);
  if (isRead && database.engine === 'sqlite' && !existsSync(database.path))
    throw new Error('There is no such database yet: start the service once, or set DATABASE_URL.');
  return config;
}

/** Ours, or one of parseArgs. */
const isUsageError = (error: unknown): boolean =>
  error instanceof UsageError ||
  (error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS_'));
