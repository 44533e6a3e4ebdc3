import { MultiBar, Presets, type SingleBar } from 'cli-progress';

/** Where a command stands. */
interface Progress {
  /** 0 where it is not known. */
  total: number;
  done: number;
  /** The rest in words. */
  words: string;
}

/** Where a command shows how it goes, beside what it prints. */
export interface Output {
  /** Asks now and then how far it is. */
  start(progress: () => Progress): void;
  note(text: string): void;
  stop(): void;
  /** What the command is asked for, as opposed to how it goes. */
  print(text: string): void;
}

/** A bar on a terminal, a line now and then elsewhere. */
export function outputTo(stream: NodeJS.WriteStream, results: NodeJS.WritableStream): Output {
  return stream.isTTY ? new BarOutput(stream, results) : new LinesOutput(stream, results);
}

const number = new Intl.NumberFormat('en-US');

/** `2,098 conversations, 1 message`. */
export function counted(count: number, noun: string): string {
  return `${number.format(count)} ${noun}${count === 1 ? '' : 's'}`;
}

export const formatNumber = (count: number) => number.format(count);

const BAR_CHARACTERS = 20;
/** What was read may still have to be stored. */
const MOST_UNDER_WAY = 0.99;

class BarOutput implements Output {
  private readonly bars: MultiBar;
  private bar?: SingleBar;
  private timer?: NodeJS.Timeout;
  private refresh: (most?: number) => void = () => {};

  constructor(
    stream: NodeJS.WriteStream,
    private readonly results: NodeJS.WritableStream,
  ) {
    const terminal = { linewrap: null, gracefulExit: false, barsize: BAR_CHARACTERS };
    this.bars = new MultiBar({ stream, ...terminal }, Presets.shades_classic);
  }

  start(progress: () => Progress): void {
    const { total, words } = progress();
    // What does not fit into the line is cut at its end.
    const format = `${total > 0 ? '{bar} {percentage}% | ' : ''}{duration_formatted} | {words}`;
    this.bar = this.bars.create(total, 0, { words }, { format });
    this.refresh = (most = 1) => {
      const now = progress();
      this.bar?.setTotal(now.total);
      this.bar?.update(Math.min(now.done, most * now.total), { words: now.words });
    };
    this.timer = setInterval(() => this.refresh(MOST_UNDER_WAY), 100);
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

  print(text: string): void {
    this.results.write(text);
  }
}

class LinesOutput implements Output {
  private timer?: NodeJS.Timeout;

  constructor(
    private readonly stream: NodeJS.WritableStream,
    private readonly results: NodeJS.WritableStream,
    private readonly intervalMs = 5_000,
  ) {}

  start(progress: () => Progress): void {
    this.timer = setInterval(() => {
      const { total, done, words } = progress();
      this.note(
        total > 0 ? `${Math.floor(100 * Math.min(MOST_UNDER_WAY, done / total))} %: ${words}` : words,
      );
    }, this.intervalMs);
  }

  note(text: string): void {
    this.stream.write(`${text}\n`);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  print(text: string): void {
    this.results.write(text);
  }
}
