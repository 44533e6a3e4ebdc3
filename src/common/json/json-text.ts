import { compactJson } from './compact-json.js';
import type { JsonScan, JsonSpan } from './json-scan.js';

/** A JSON value that is kept as it was written: its text, without blanks, is handed on, and has the exact value of each number. */
export class WrittenJson<Value = unknown> {
  constructor(
    readonly value: Value,
    readonly text: string,
    /** It is nested at most so deep. */
    readonly levels: number,
  ) {}
}

/** A JSON text that was read. */
export class JsonText {
  readonly #bytes: Buffer;
  readonly #scan: JsonScan;
  #next = 0;

  constructor(
    bytes: Buffer,
    scan: JsonScan,
    readonly value: unknown,
  ) {
    this.#bytes = bytes;
    this.#scan = scan;
  }

  /** The text that all that mean the same have in common, as far as they are written with the same numbers and order. */
  canonical(): string {
    return this.#scan.isInexact ? compactJson(this.#bytes).toString() : JSON.stringify(this.value);
  }

  /** The next array or object of a level, in the order in which they stand in the text; what is deeper is passed over. */
  next(level: number): JsonSpan | undefined {
    for (const { spans } = this.#scan; this.#next < spans.length; this.#next++) {
      if (spans[this.#next]?.level === level) return spans[this.#next++];
    }
    return undefined;
  }

  /** A part of the value, which stands there. */
  written(value: unknown, { start, end, level }: JsonSpan): WrittenJson {
    const text = this.#scan.hasBlanks
      ? compactJson(this.#bytes.subarray(start, end)).toString()
      : this.#bytes.toString('utf8', start, end);
    return new WrittenJson(value, text, this.#scan.depth - level + 1);
  }
}
