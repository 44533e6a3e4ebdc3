import { AsyncLocalStorage } from 'node:async_hooks';
import { Logger } from '@nestjs/common';

/** Whoever is restarted more often than a job is done does it all the same. */
const MAX_FIRST_MS = 60_000;

interface Schedule {
  name: string;
  everyMs: number;
  againMs?: number;
}

/** Work that is done again and again, never twice at a time; what fails is logged and tried again at the next turn. */
export class RunningJob {
  readonly #logger = new Logger('Job');
  readonly #stopping = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  /** Since the run under way began. */
  #isWoken = false;
  #fails = false;
  /** Out of the request that woke the job, whose id and span are not those of the run. */
  readonly #outside = AsyncLocalStorage.snapshot();

  constructor(
    private readonly schedule: Schedule,
    private readonly work: (signal: AbortSignal) => Promise<boolean>,
  ) {
    this.#startIn(Math.min(schedule.everyMs, MAX_FIRST_MS));
  }

  /** There is something to do: not later than when there is more. */
  wake(): void {
    if (this.#isWoken) return;
    this.#isWoken = true;
    if (!this.#running) this.#startIn(this.schedule.againMs ?? 0);
  }

  /** Resolves when no work is under way any more. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    clearTimeout(this.#timer);
    await this.#running;
  }

  #wasWoken(): boolean {
    return this.#isWoken;
  }

  #startIn(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#running = this.#outside(() => this.#runOnce());
    }, ms).unref();
  }

  async #runOnce(): Promise<void> {
    const { name, everyMs, againMs = 0 } = this.schedule;
    this.#isWoken = false;
    let delayMs = everyMs;
    try {
      if (await this.work(this.#stopping.signal)) delayMs = againMs;
      if (this.#fails) this.#logger.log({ job: name }, 'The periodic job works again.');
      this.#fails = false;
    } catch (error) {
      // Said once while it lasts; job_failures_total counts each.
      if (!this.#fails)
        this.#logger.warn({ err: error, job: name }, 'A periodic job failed and is tried again.');
      this.#fails = true;
    }
    this.#running = undefined;
    if (!this.#stopping.signal.aborted) this.#startIn(this.#wasWoken() ? againMs : delayMs);
  }
}
