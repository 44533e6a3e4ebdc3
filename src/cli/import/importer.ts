import { randomUUID } from 'node:crypto';
import { ColloquyClient, type ColloquyTarget } from './colloquy-client.js';
import { parseDialogue } from './dialogue.js';
import { CannotImport, LineFailed, RequestFailed } from './import-errors.js';
import { JsonlFile, type Line } from './jsonl.js';
import { type ImportOutput, type ImportProgress, silentOutput } from './progress.js';
import { storeDialogue } from './store-dialogue.js';

export interface ImportOptions extends ColloquyTarget {
  file: string;
  agentId?: string;
  /** Conversations at the same time; default 4. */
  concurrency?: number;
  /** Ends the import after the conversations in flight. */
  signal?: AbortSignal;
}

export interface ImportResult {
  conversations: number;
  messages: number;
  failedLines: number;
  elapsedMs: number;
  /** Every line up to this one is imported or was named. */
  lastLine: number;
  end: 'complete' | 'interrupted' | 'server-failed';
}

/** Imports a file of dialogues into a running service; lines that fail are named on the output and counted. */
export async function importDialogues(
  options: ImportOptions,
  output: ImportOutput = silentOutput,
): Promise<ImportResult> {
  const startedAt = performance.now();
  const file = await JsonlFile.open(options.file);
  try {
    const client = new ColloquyClient(options);
    await client.ping().catch((error: unknown) => {
      const reason = error instanceof RequestFailed ? error.message : String(error);
      throw new CannotImport(`${options.url}: ${reason}`);
    });
    const run = new ImportRun(options, client, file, output);
    await run.finish();
    const { conversations, messages, failedLines, lastLine, end } = run;
    return { conversations, messages, failedLines, elapsedMs: performance.now() - startedAt, lastLine, end };
  } finally {
    file.close();
  }
}

class ImportRun implements ImportProgress {
  conversations = 0;
  messages = 0;
  failedLines = 0;
  lastLine = 0;
  end: ImportResult['end'] = 'complete';
  private readonly id = randomUUID();

  constructor(
    private readonly options: ImportOptions,
    private readonly client: ColloquyClient,
    private readonly file: JsonlFile,
    private readonly output: ImportOutput,
  ) {}

  get totalBytes(): number {
    return this.file.totalBytes;
  }

  get bytesRead(): number {
    return this.file.bytesRead;
  }

  async finish(): Promise<void> {
    const lines = this.file.lines();
    const { concurrency = 4 } = this.options;
    this.output.start(this);
    try {
      await Promise.all(Array.from({ length: concurrency }, () => this.work(lines)));
    } finally {
      this.output.stop();
    }
  }

  /** Several of these share the lines; each takes the next one when it is done with its last. */
  private async work(lines: AsyncIterable<Line>): Promise<void> {
    for await (const line of lines) {
      if (this.end === 'complete' && this.options.signal?.aborted) this.end = 'interrupted';
      if (this.end !== 'complete') return;
      this.lastLine = line.number;
      await this.importLine(line);
    }
  }

  private async importLine(line: Line): Promise<void> {
    try {
      if ('fault' in line) throw new LineFailed(line.fault);
      const dialogue = parseDialogue(line.text);
      await storeDialogue(this.client, dialogue, this.options.agentId, `${this.id}-${line.number}`);
      this.conversations += 1;
      this.messages += dialogue.messages.length;
    } catch (error) {
      if (!(error instanceof LineFailed) && !(error instanceof RequestFailed)) throw error;
      this.failedLines += 1;
      this.output.note(`line ${line.number}: ${error.message}`);
      if (error instanceof RequestFailed && error.endsTheRun) this.end = 'server-failed';
    }
  }
}
