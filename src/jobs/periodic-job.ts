import { Logger } from '@nestjs/common';

/** Work that is done again and again, never twice at a time; what fails is logged and tried again at the next turn. */
export class PeriodicJob {
  readonly #logger = new Logger(PeriodicJob.name);
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(
    private readonly name: string,
    private readonly intervalMs: number,
    private readonly work: () => Promise<void>,
  ) {}

  /** True when the work is to end early. */
  get isStopped(): boolean {
    return this.#stopped;
  }

  start(): void {
    this.#timer = setTimeout(() => {
      this.#running = this.#runOnce();
    }, this.intervalMs).unref();
  }

  /** Resolves when no work is under way any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  async #runOnce(): Promise<void> {
    try {
      await this.work();
    } catch (error) {
      this.#logger.warn({ err: error, job: this.name }, 'A periodic job failed and is tried again.');
    }
    if (!this.#stopped) this.start();
  }
}
