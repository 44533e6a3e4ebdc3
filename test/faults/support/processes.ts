import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';

interface Program {
  command: string;
  args: readonly string[];
  environment?: Record<string, string>;
  onOutput?: (text: string) => void;
}

const reaper = spawn(process.execPath, [join(import.meta.dirname, 'reaper.mjs')], {
  stdio: ['pipe', 'ignore', 'inherit'],
  detached: true, // Ctrl-C is not for it: it has to outlive us
});
afterAll(async () => {
  const ended = once(reaper, 'exit');
  reaper.stdin.end();
  await ended;
});

const KEPT_OUTPUT = 20_000;

/** A process of a test file. It is killed at the latest when the file is done, or is killed itself. */
export class Process {
  /** The end of what it has written. */
  output = '';
  readonly exit: Promise<number | NodeJS.Signals>;
  readonly pid: number;
  readonly #child: ChildProcess;
  #ended = false;

  constructor({ command, args, environment, onOutput }: Program) {
    const child = spawn(command, args, {
      env: { PATH: process.env.PATH, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    if (child.pid === undefined) throw new Error(`${command} cannot be started.`);
    this.#child = child;
    this.pid = child.pid;
    reaper.stdin.write(`+${this.pid}\n`);
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        this.output = (this.output + chunk.toString()).slice(-KEPT_OUTPUT);
        onOutput?.(chunk.toString());
      });
    }
    this.exit = exitOf(child).then((code) => {
      this.#ended = true;
      reaper.stdin.write(`-${this.pid}\n`);
      return code;
    });
  }

  get hasEnded(): boolean {
    return this.#ended;
  }

  /** Does nothing to a process that has ended, whether or not its `exit` was told already. */
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** kill -9, which nothing can prepare for. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.exit;
  }

  async stop(): Promise<number | NodeJS.Signals> {
    this.signal('SIGTERM');
    return this.exit;
  }
}

async function exitOf(child: ChildProcess): Promise<number | NodeJS.Signals> {
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  return code ?? signal ?? 'SIGKILL';
}

/** A directory that is removed when the test file is done. */
export function newDirectory(parent: string): string {
  const directory = mkdtempSync(join(parent, 'colloquy-faults-'));
  reaper.stdin.write(`${directory}\n`);
  return directory;
}
