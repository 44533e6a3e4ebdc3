import { execFile } from 'node:child_process';
import { dirname } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Runs a program to its end and answers what it printed; rejects with all of that when it fails. */
export async function command(
  program: string,
  args: readonly string[],
  { cwd, env = {} }: { cwd: string; env?: Record<string, string> },
): Promise<string> {
  // Whatever starts Node.js gets this one.
  const PATH = `${dirname(process.execPath)}:${process.env.PATH ?? ''}`;
  try {
    const { stdout } = await run(program, args, { cwd, env: { ...process.env, PATH, ...env } });
    return stdout;
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`${program} ${args.join(' ')}\n${stdout}${stderr}`, { cause: error });
  }
}
