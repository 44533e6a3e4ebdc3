import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import type { Colloquy } from '@colloquy/client';
import { CannotRun } from '../errors.js';
import type { ExportCommand } from '../options.js';
import { counted, type Output } from '../progress.js';
import { assertReachable, connect, explain, isPassing } from '../service.js';
import { type ExportCounts, exportTo, type Filters, NotWhole, type Sink } from './exporter.js';
import { PartFile } from './part-file.js';

/** How long the service is waited for when nothing more comes. */
const PATIENCE_MS = 10 * 60_000;
const PAUSE_MS = 2_000;

/** Runs `colloquy export`; answers its exit code. Throws CannotRun where nothing can be done. */
export async function runExport(
  { target, out, filters }: ExportCommand,
  output: Output,
  signal: AbortSignal,
): Promise<number> {
  const service = connect(target);
  await assertReachable(service);
  const counts: ExportCounts = { conversations: 0, messages: 0 };
  const words = () =>
    `${counted(counts.conversations, 'conversation')}, ${counted(counts.messages, 'message')}`;
  const total = await service.conversations.list({ ...filters, page_size: 1 }).then(
    (page) => page.total_count ?? 0,
    (error: unknown) => {
      throw new CannotRun(explain(error));
    },
  );
  output.start(() => ({ total, done: counts.conversations, words: words() }));
  try {
    if (out === undefined) await exportTo(STDOUT, service, filters, counts, signal);
    else
      await exportToFile(out, service, filters, {
        counts,
        output,
        signal,
        subject: JSON.stringify({ ...target, token: undefined, filters }),
      });
  } catch (error) {
    if (signal.aborted) {
      output.note(out === undefined ? 'interrupted' : 'interrupted; the same command goes on from here');
      return 130;
    }
    throw error instanceof CannotRun ? error : new CannotRun(`the export is not whole: ${explain(error)}`);
  } finally {
    output.stop();
  }
  output.note(`${words()} exported${out === undefined ? '' : ` to ${out}`}`);
  return 0;
}

/** Nothing that was printed can be taken back, so this ends with the connection. */
const STDOUT: Sink = {
  marked: { after: null, conversations: 0, messages: 0, eventsAfter: null },
  write: async (line) => {
    if (!process.stdout.write(line)) await once(process.stdout, 'drain');
  },
  mark: () => Promise.resolve(),
};

interface FileExport {
  subject: string;
  counts: ExportCounts;
  output: Output;
  signal: AbortSignal;
}

/** Goes on after interruptions, of this run and of one before. */
async function exportToFile(
  path: string,
  service: Colloquy,
  filters: Filters,
  { subject, counts, output, signal }: FileExport,
): Promise<void> {
  const file = await PartFile.open(path, subject);
  if (file.marked.after !== null)
    output.note(`going on behind ${counted(file.marked.conversations, 'conversation')}`);
  for (let lastProgress = Date.now(); ;) {
    const before = file.marked.after;
    try {
      await exportTo(file, service, filters, counts, signal);
      await file.finish();
      return;
    } catch (error) {
      await file.rollBack();
      if (file.marked.after !== before) lastProgress = Date.now();
      const mayPass = isPassing(error) || error instanceof NotWhole;
      if (signal.aborted || !mayPass || Date.now() - lastProgress > PATIENCE_MS) {
        await file.close();
        throw error;
      }
      await wait(PAUSE_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}
