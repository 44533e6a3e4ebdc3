import { parseJson } from '../json.js';

/** A value in a text of JSON, or why there is none. */
export type Found =
  { value: unknown; place: string; key?: string } | { fault: string; place: string; text?: string };

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const NEWLINE = 0x0a;
const isOpening = (byte: number) => byte === 0x7b || byte === 0x5b;
const isClosing = (byte: number) => byte === 0x7d || byte === 0x5d;
const isList = (byte: number | undefined) => byte === 0x5b;
const isSpace = (byte: number) => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

/** Where a value stands in the text, and the name that stands before it. */
interface Range {
  start: number;
  end: number;
  key: string | undefined;
}

/** A document that is an object is read as a whole up to here, since one chat may hold things that look like chats. */
const SMALL = 16 * 1024 * 1024;

/**
 * Cuts a long text of JSON into values that can be read one by one, without holding the whole: one document behind the
 * other, and of a document that is a list of entries, or a large object that holds such a list or is made of entries,
 * these.
 */
export class Splitter {
  readonly #tape = new Tape();
  #position = 0;
  #line = 1;
  #depth = 0;
  #isInString = false;
  #isEscaped = false;
  #isBroken = false;
  /** The last string at depth 1: the name of the member that follows. */
  #name = { start: 0, end: 0 };
  /** What opened the document, its member, and the element of that; and where. */
  #opened: number[] = [];
  #starts: number[] = [];
  /** The values that may turn out to be entries: members of the document, and elements of the last member. */
  #candidates: Range[][] = [[], [], []];
  /** At which depth the entries are, once that is known. */
  #entryDepth: number | undefined;
  #hasEntries = false;
  #isTooLong = false;
  #entries = 0;

  constructor(
    private readonly isEntry: (value: unknown) => boolean,
    private readonly maxBytes: number,
  ) {}

  *feed(chunk: Buffer): Generator<Found, void> {
    if (this.#isBroken) return;
    this.#tape.push(chunk);
    for (const byte of chunk) {
      this.#position += 1;
      if (byte === NEWLINE) this.#line += 1;
      if (this.#isInString) this.#inString(byte);
      else if (byte === QUOTE) this.#openString();
      else if (isOpening(byte)) this.#open(byte);
      else if (isClosing(byte) && this.#depth > 0) yield* this.#close();
      else if (this.#depth === 0 && byte !== COMMA && !isSpace(byte)) {
        yield this.#break('this is no JSON');
        return;
      }
    }
    if (this.#depth === 0) this.#tape.forget(this.#position);
    else if (this.#entryDepth !== undefined && this.#depth <= this.#entryDepth)
      this.#keepFrom(this.#position);
    if (this.#tape.size > this.maxBytes) yield* this.#overflow();
  }

  *end(): Generator<Found, void> {
    if (this.#isBroken || this.#depth === 0) return;
    if (!this.#hasEntries) yield* this.#salvage();
    yield this.#break('the text ends in the middle');
  }

  #openString(): void {
    this.#isInString = true;
    if (this.#depth === 1) this.#name.start = this.#position - 1;
  }

  #inString(byte: number): void {
    if (this.#isEscaped) {
      this.#isEscaped = false;
    } else if (byte === BACKSLASH) {
      this.#isEscaped = true;
    } else if (byte === QUOTE) {
      this.#isInString = false;
      if (this.#depth === 1) this.#name.end = this.#position;
    }
  }

  #open(byte: number): void {
    const depth = this.#depth;
    if (depth < 3) {
      this.#opened[depth] = byte;
      this.#starts[depth] = this.#position - 1;
      this.#candidates.fill([], depth + 1);
    }
    if (depth === 0) {
      this.#entryDepth = undefined;
      this.#hasEntries = false;
      this.#candidates = [[], [], []];
      this.#tape.forget(this.#position - 1);
    } else if (depth === this.#entryDepth) {
      this.#keepFrom(this.#position - 1);
    }
    this.#depth += 1;
  }

  *#close(): Generator<Found, void> {
    this.#depth -= 1;
    const depth = this.#depth;
    const isInMember = depth === 2 && isList(this.#opened[1]) && !isList(this.#opened[0]);
    if (depth === this.#entryDepth) {
      yield this.#take(this.#rangeAt(depth));
    } else if (depth === 0) {
      if (!this.#hasEntries) yield this.#whole();
    } else if (this.#entryDepth !== undefined) {
      // The list of entries has ended; another may follow.
      if (depth < this.#entryDepth) this.#entryDepth = undefined;
    } else if (depth === 1 || isInMember) {
      this.#candidates[depth]?.push(this.#rangeAt(depth));
      if (isList(this.#opened[0]) || this.#tape.size > SMALL) yield* this.#look(depth);
    }
  }

  /** Whether the entries are at this depth, by the value that has just ended. */
  *#look(depth: number): Generator<Found, void> {
    const candidates = this.#candidates[depth] ?? [];
    const last = candidates.at(-1);
    if (!last || !this.#isEntryAt(last)) return;
    this.#entryDepth = depth;
    this.#hasEntries = true;
    for (const range of candidates) yield this.#take(range);
    this.#candidates = [[], [], []];
  }

  /** What was whole of a document that has no end. */
  *#salvage(): Generator<Found, void> {
    const candidates =
      this.#candidates.find((ranges) => ranges.some((range) => this.#isEntryAt(range))) ?? [];
    for (const range of candidates) yield this.#take(range);
  }

  #isEntryAt(range: Range): boolean {
    const found = toValue(this.#tape.slice(range.start, range.end), '');
    return 'value' in found && this.isEntry(found.value);
  }

  #rangeAt(depth: number): Range {
    const isNamed = depth === 1 && !isList(this.#opened[0]);
    const { start, end } = this.#name;
    return {
      start: this.#starts[depth] ?? 0,
      end: this.#position,
      key: isNamed ? nameIn(this.#tape.slice(start, end).toString()) : undefined,
    };
  }

  #take({ start, end, key }: Range): Found {
    this.#entries += 1;
    const place = `entry ${this.#entries}`;
    if (!this.#isTooLong) return toValue(this.#tape.slice(start, end), place, key);
    this.#isTooLong = false;
    return { fault: `longer than ${this.maxBytes} bytes`, place };
  }

  #whole(): Found {
    return toValue(this.#tape.slice(this.#starts[0] ?? 0, this.#position), '');
  }

  /** The name of a member is still to be read. */
  #keepFrom(position: number): void {
    const isNamed = this.#entryDepth === 1 && !isList(this.#opened[0]);
    this.#tape.forget(isNamed ? Math.min(position, this.#name.start) : position);
  }

  *#overflow(): Generator<Found, void> {
    if (this.#entryDepth === undefined) {
      yield this.#break(`longer than ${this.maxBytes} bytes, and not made of conversations`);
    } else {
      this.#isTooLong = true;
      this.#tape.forget(this.#position);
    }
  }

  #break(fault: string): Found {
    this.#isBroken = true;
    return { fault, place: `line ${this.#line}` };
  }
}

/** Parses bytes that should be a value. The parser's own message quotes the text, so it is not passed on. */
export function toValue(bytes: Buffer, place: string, key?: string): Found {
  let text: string | undefined;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return { value: parseJson(text), place, ...(key !== undefined && { key }) };
  } catch {
    return text === undefined
      ? { fault: 'not valid UTF-8', place }
      : { fault: 'not valid JSON', place, text };
  }
}

function nameIn(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  try {
    const name: unknown = JSON.parse(text);
    return typeof name === 'string' ? name : undefined;
  } catch {
    return undefined;
  }
}

/** Bytes that were read and may still be asked for, by their place in the text. */
class Tape {
  readonly #chunks: { start: number; bytes: Buffer }[] = [];
  #end = 0;

  get size(): number {
    return this.#end - (this.#chunks[0]?.start ?? this.#end);
  }

  push(bytes: Buffer): void {
    this.#chunks.push({ start: this.#end, bytes });
    this.#end += bytes.length;
  }

  slice(from: number, to: number): Buffer {
    return Buffer.concat(
      this.#chunks
        .filter(({ start, bytes }) => start < to && start + bytes.length > from)
        .map(({ start, bytes }) => bytes.subarray(Math.max(0, from - start), to - start)),
    );
  }

  forget(before: number): void {
    while (this.#chunks[0] && this.#chunks[0].start + this.#chunks[0].bytes.length <= before)
      this.#chunks.shift();
  }
}
