import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll } from '@jest/globals';
import { logWatch } from './log-watch.js';

const ROOT = join(import.meta.dirname, '../..');
const LOADER = join(import.meta.dirname, 'typescript-loader.mjs');

afterAll(() => logWatch.assertSecrecy());

/**
 * Starts an entry point, by its path from `src`, such as `main.ts`, as a process of its own with nothing but this environment. What
 * it prints is watched as the log is; only a new API key or epoch is for the eyes of whoever asked for it.
 */
export function startCommand(
  entryPoint: string,
  args: readonly string[],
  environment: Record<string, string>,
): ChildProcess {
  const asWritten = ['--import', LOADER, '--conditions', '@colloquy/source'];
  const child = spawn(process.execPath, [...asWritten, join(ROOT, 'src', entryPoint), ...args], {
    cwd: ROOT,
    env: {
      PATH: process.env.PATH,
      NODE_COMPILE_CACHE: join(ROOT, 'node_modules/.cache/colloquy/v8'),
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  logWatch.keepConfiguration(environment);
  if (/^cli\/(keys|events)/.test(entryPoint)) return child;
  for (const stream of [child.stdout, child.stderr]) {
    let output = '';
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    stream.once('end', () => output.split('\n').forEach((line) => logWatch.print(line)));
  }
  return child;
}

/** Runs an entry point to its end. */
export async function runCommand(
  entryPoint: string,
  args: readonly string[],
  environment: Record<string, string>,
) {
  const child = startCommand(entryPoint, args, environment);
  const [stdout, stderr] = [child.stdout, child.stderr].map((stream) => (stream ? text(stream) : ''));
  const [exitCode] = (await once(child, 'exit')) as [number | null];
  return { exitCode, stdout: await stdout, stderr: await stderr };
}
