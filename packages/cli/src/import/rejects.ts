import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { CannotRun, reasonOf } from '../errors.js';

/** Writes the entries that were left out to a file, one a line, as they were: mended, they can be imported. */
export class Rejects {
  readonly #file: WriteStream | null;
  #failure: unknown;

  constructor(path: string | undefined) {
    this.#file = path === undefined ? null : createWriteStream(path, { mode: 0o600 });
    this.#file?.on('error', (error) => (this.#failure = error));
  }

  async add(entries: readonly unknown[]): Promise<void> {
    for (const entry of entries) {
      const line = typeof entry === 'string' ? entry.replace(/\r?\n/g, ' ') : JSON.stringify(entry);
      if (this.#file && !this.#file.write(`${line}\n`)) await once(this.#file, 'drain');
    }
  }

  async close(): Promise<void> {
    if (this.#file && this.#failure === undefined) await new Promise<void>((done) => this.#file?.end(done));
    if (this.#failure !== undefined)
      throw new CannotRun(`cannot write the rejects: ${reasonOf(this.#failure)}`);
  }
}
