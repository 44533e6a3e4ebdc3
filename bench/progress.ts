/** What is being done, and how far it is: one line that renews itself on a terminal, few lines elsewhere. */
export class Progress {
  #lastText = '';
  #lastTenth = -1;

  /** `share` from 0 to 1. */
  show(text: string, share: number): void {
    const line = `${text} (${Math.round(share * 100)} %)`;
    if (process.stderr.isTTY) {
      process.stderr.write(`\r\x1b[K${line}`);
      return;
    }
    const phase = text.replace(/[,:].*/, '');
    const tenth = Math.floor(share * 10);
    if (phase === this.#lastText && tenth === this.#lastTenth) return;
    this.#lastText = phase;
    this.#lastTenth = tenth;
    process.stderr.write(`${line}\n`);
  }

  end(): void {
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  }
}
