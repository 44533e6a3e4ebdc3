/**
 * How many lines a second may be written of what anybody can cause. What is beyond is counted, and told once when the
 * second is over.
 */
export class LogBudget {
  #left: number;
  #omitted = 0;
  #isCounting = false;

  constructor(
    private readonly linesPerSecond: number,
    private readonly tell: (omitted: number) => void,
  ) {
    this.#left = linesPerSecond;
  }

  /** Whether one more line may be written now. */
  take(): boolean {
    if (!this.#isCounting) setTimeout(() => this.#startAnew(), 1_000).unref();
    this.#isCounting = true;
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
    this.#isCounting = false;
    if (omitted > 0) this.tell(omitted);
  }
}
