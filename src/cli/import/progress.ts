import { MultiBar, Presets, type SingleBar } from 'cli-progress';

/** Where an import stands; the importer keeps it current. */
export interface ImportProgress {
  readonly totalBytes: number;
  readonly bytesRead: number;
  readonly conversations: number;
  readonly messages: number;
  readonly failedLines: number;
}

/** Where an import shows how it goes. */
export interface ImportOutput {
  start(progress: ImportProgress): void;
  note(text: string): void;
  stop(): void;
}

export const silentOutput: ImportOutput = { start: () => {}, note: () => {}, stop: () => {} };

/** A bar on a terminal, a line now and then elsewhere. */
export function outputTo(stream: NodeJS.WriteStream): ImportOutput {
  return stream.isTTY ? new BarOutput(stream) : new LinesOutput(stream);
}

export function countsOf(progress: Omit<ImportProgress, 'totalBytes' | 'bytesRead'>): string {
  return `${progress.conversations} conversations, ${progress.messages} messages; ${progress.failedLines} lines failed`;
}

class BarOutput implements ImportOutput {
  private readonly bars: MultiBar;
  private bar?: SingleBar;
  private timer?: NodeJS.Timeout;
  private refresh = () => {};

  constructor(stream: NodeJS.WriteStream) {
    const format = '{bar} {percentage}% | {counts} | {duration_formatted}';
    const terminal = { linewrap: null, gracefulExit: false };
    this.bars = new MultiBar({ format, stream, ...terminal, emptyOnZero: true }, Presets.shades_classic);
  }

  start(progress: ImportProgress): void {
    const payload = () => ({ counts: countsOf(progress) });
    this.bar = this.bars.create(progress.totalBytes, 0, payload());
    this.refresh = () => this.bar?.update(progress.bytesRead, payload());
    this.timer = setInterval(this.refresh, 100);
  }

  note(text: string): void {
    this.bars.log(`${text}\n`);
  }

  stop(): void {
    clearInterval(this.timer);
    this.refresh();
    this.bars.update();
    this.bars.stop();
  }
}

export class LinesOutput implements ImportOutput {
  private timer?: NodeJS.Timeout;

  constructor(
    private readonly stream: NodeJS.WritableStream,
    private readonly intervalMs = 5_000,
  ) {}

  start(progress: ImportProgress): void {
    this.timer = setInterval(() => {
      const percent = Math.floor((100 * progress.bytesRead) / progress.totalBytes);
      this.note(`${percent} % read: ${countsOf(progress)}`);
    }, this.intervalMs);
  }

  note(text: string): void {
    this.stream.write(`${text}\n`);
  }

  stop(): void {
    clearInterval(this.timer);
  }
}
