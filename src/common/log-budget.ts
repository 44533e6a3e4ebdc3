/**
 * How many lines a second may be written of what anybody can cause. What is beyond is counted, and told once when the
 * second is over.
 */
export class LogBudget {
  #left: number;
  #omitted = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly linesPerSecond: number,
    private readonly tell: (omitted: number) => void,
  ) {
    this.#left = linesPerSecond;
  }

  /** Whether one more line may be written now. */
  take(): boolean {
    this.#timer ??= setTimeout(() => this.#startAnew(), 1_000).unref();
    if (this.#left > 0) {
      this.#left--;
      return true;
    }
    this.#omitted++;
    return false;
  }

  #startAnew(): void {
    const omitted = this.#omitted;
    this.#left = this.linesPerSecond;
    this.#omitted = 0;
    this.#timer = undefined;
    if (omitted > 0) this.tell(omitted);
  }
}
