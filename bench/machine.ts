import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '../../../..');
export const BUILD = join(import.meta.dirname, '..');
/** On the disk of the checkout: a database in memory would make commits free. */
export const SCRATCH = join(ROOT, 'bench/.cache');

/** The measured server has a core of its own; the database and the load generator share the other. */
export const SERVER_CORE = 0;
export const OTHER_CORE = 1;

/** Before this process is pinned to one of them. */
const cores = availableParallelism();
const canPin = hasTaskset() && cores >= 2;
export const EVERY_CORE = `0-${cores - 1}`;

/** A command that runs on one core only, where the system can do that. */
export function pinned(core: number, command: string, ...parameters: string[]): [string, string[]] {
  return canPin ? ['taskset', ['-c', String(core), command, ...parameters]] : [command, parameters];
}

/** Moves a process and all its threads to a core, or lets them run on every one. */
export function pin(processId: number, core: number | string): void {
  if (canPin) execFileSync('taskset', ['-acp', String(core), String(processId)], { stdio: 'ignore' });
}

const TICK_MS = 10;

/** CPU time that a process has used, user and system; NaN where there is no `/proc` (proc_pid_stat(5)). */
export function cpuMsOf(processId: number): number {
  const { own } = cpuTicksOf(processId);
  return own * TICK_MS;
}

/** CPU time of the children of this process that have ended. */
export const cpuMsOfEnded = (): number => cpuTicksOf('self').ended * TICK_MS;

function cpuTicksOf(processId: number | 'self'): { own: number; ended: number } {
  const file = `/proc/${processId}/stat`;
  if (!existsSync(file)) return { own: NaN, ended: NaN };
  const [user, system, endedUser, endedSystem] = (
    readFileSync(file, 'utf8').split(') ').at(-1)?.split(' ') ?? []
  )
    .slice(11, 15)
    .map(Number);
  return { own: (user ?? NaN) + (system ?? NaN), ended: (endedUser ?? NaN) + (endedSystem ?? NaN) };
}

export function describeMachine(): Record<string, string | number | boolean> {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    platform: `${process.platform} ${process.arch}`,
    pinned: canPin,
  };
}

function hasTaskset(): boolean {
  try {
    execFileSync('taskset', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
