import { once } from 'node:events';
import { CannotRun } from '../errors.js';
import type { TailCommand } from '../options.js';
import type { Output } from '../progress.js';
import { connect, explain } from '../service.js';

/** Runs `colloquy tail`; answers its exit code. Throws CannotRun where it cannot begin, or go on. */
export async function runTail(
  { target, query }: TailCommand,
  output: Output,
  signal: AbortSignal,
): Promise<number> {
  try {
    for await (const event of connect(target).events.stream(query, { signal })) {
      output.print(`${JSON.stringify(event)}\n`);
      if (process.stdout.writableNeedDrain) await once(process.stdout, 'drain');
    }
  } catch (error) {
    if (!signal.aborted) throw new CannotRun(explain(error));
  }
  return 130;
}
