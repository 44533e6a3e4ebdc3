/** What a JSON text holds, told without parsing it. Of a text that is not valid it says something, which then does not matter. */
export interface JsonScan {
  /** All values, the text itself included. */
  values: number;
  /** How deep arrays and objects are nested. */
  depth: number;
  /** How many members objects have in all. */
  names: number;
  /** Whether a double may be another number than one that stands there. */
  isInexact: boolean;
  /** Whether something stands between its values and signs that means nothing. */
  hasBlanks: boolean;
  /** Where the arrays and objects of the upper levels stand, in the order in which they begin. */
  spans: readonly JsonSpan[];
}

/** An array or object in a text, from its first byte to behind its last. */
export interface JsonSpan {
  readonly start: number;
  end: number;
  /** 1 is the text as a whole. */
  readonly level: number;
}

/** So deep stand the members of an object in a list in an object. */
const SPAN_LEVELS = 4;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const ZERO = 0x30;
const NINE = 0x39;
const POINT = 0x2e;
const MINUS = 0x2d;
const PLUS = 0x2b;
const LOWER_E = 0x65;
const UPPER_E = 0x45;
/** `[` and `{`, `]` and `}` differ in this bit. */
const CURLY = 0x20;
const OPENER = 0x7b;
const CLOSER = 0x7d;

/** A double holds every number of so many digits, with an exponent of two digits at most. */
const MAX_EXACT_DIGITS = 15;
const MAX_EXPONENT_DIGITS = 2;
const SHORT_BYTES = 64;

/** Looks once at each byte of a text outside of its strings. Stops as soon as there are more values or levels than allowed. */
export function scanJson(text: Buffer, maxValues: number, maxDepth: number): JsonScan {
  const spans: JsonSpan[] = [];
  const open: JsonSpan[] = [];
  let values = 1;
  let names = 0;
  let deepest = 0;
  let depth = 0;
  let isInexact = false;
  let hasBlanks = false;
  /** Whether the container that was begun last is empty so far. */
  let isEmpty = false;
  for (let at = 0; at < text.length; at++) {
    const byte = text[at] ?? 0;
    if (byte <= 0x20) {
      hasBlanks = true;
      continue;
    }
    if (byte === COMMA) {
      values++;
      if (values > maxValues) break;
    } else if (byte === QUOTE) {
      at = endOfString(text, at);
    } else if (byte === COLON) {
      names++;
    } else if (byte === MINUS || (byte >= ZERO && byte <= NINE)) {
      const end = endOfNumber(text, at);
      isInexact ||= end - at > MAX_EXACT_DIGITS || hasLongExponent(text, at, end);
      at = end - 1;
    } else if ((byte | CURLY) === OPENER) {
      depth++;
      if (depth > deepest) deepest = depth;
      if (depth > maxDepth) break;
      if (depth <= SPAN_LEVELS) spans.push((open[depth] = { start: at, end: text.length, level: depth }));
      isEmpty = true;
      continue;
    } else if ((byte | CURLY) === CLOSER) {
      const span = open[depth];
      if (span && depth <= SPAN_LEVELS) span.end = at + 1;
      depth--;
      if (!isEmpty) values++;
      if (values > maxValues) break;
    }
    isEmpty = false;
  }
  return { values, depth: deepest, names, isInexact, hasBlanks, spans };
}

/** Where the quote at the end of a string is; the end of the text where there is none. */
function endOfString(text: Buffer, start: number): number {
  let at = start + 1;
  for (;;) {
    // A search costs more to begin than a short string has bytes.
    for (const near = Math.min(at + SHORT_BYTES, text.length); at < near; at++) {
      const byte = text[at];
      if (byte === QUOTE) return at;
      if (byte === BACKSLASH) at++;
    }
    const end = text.indexOf(QUOTE, at);
    if (end === -1) return text.length;
    if (!isEscaped(text, end)) return end;
    at = end + 1;
  }
}

/** An odd number of backslashes stands before the quote. */
function isEscaped(text: Buffer, quote: number): boolean {
  let first = quote;
  while (text[first - 1] === BACKSLASH) first--;
  return (quote - first) % 2 === 1;
}

function endOfNumber(text: Buffer, start: number): number {
  let end = start + 1;
  for (; end < text.length; end++) {
    const byte = text[end] ?? 0;
    if (byte >= ZERO && byte <= NINE) continue;
    if (byte !== POINT && byte !== LOWER_E && byte !== UPPER_E && byte !== PLUS && byte !== MINUS) break;
  }
  return end;
}

function hasLongExponent(text: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    if (text[at] !== LOWER_E && text[at] !== UPPER_E) continue;
    const first = text[at + 1] === PLUS || text[at + 1] === MINUS ? at + 2 : at + 1;
    return end - first > MAX_EXPONENT_DIGITS;
  }
  return false;
}
