/** What a JSON text holds, told without parsing it. Of a text that is not valid it says something, which then does not matter. */
interface JsonScan {
  /** All values, the text itself included. */
  values: number;
  /** How deep arrays and objects are nested. */
  depth: number;
  /** How many members objects have in all. */
  names: number;
  /** Whether a double may be another number than one that stands there. */
  isInexact: boolean;
}

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
const OPENERS: readonly number[] = [0x5b, 0x7b];
const CLOSERS: readonly number[] = [0x5d, 0x7d];

/** A double holds every number of so many digits, with an exponent of two digits at most. */
const MAX_EXACT_DIGITS = 15;
const MAX_EXPONENT_DIGITS = 2;

/** Looks once at each byte of a text outside of its strings. Stops as soon as there are more values or levels than allowed. */
export function scanJson(text: Buffer, maxValues: number, maxDepth: number): JsonScan {
  const scan = { values: 1, depth: 0, names: 0, isInexact: false };
  let depth = 0;
  /** The last byte that is no blank; a container that ends right behind its begin is empty. */
  let last = 0;
  for (let at = 0; at < text.length; at++) {
    const byte = text[at] ?? 0;
    if (byte <= 0x20) continue;
    if (byte === QUOTE) at = endOfString(text, at);
    else if (byte === COMMA) scan.values++;
    else if (byte === COLON) scan.names++;
    else if (OPENERS.includes(byte)) {
      depth++;
      if (depth > scan.depth) scan.depth = depth;
    } else if (CLOSERS.includes(byte)) {
      depth--;
      if (!OPENERS.includes(last)) scan.values++;
    } else if (byte === MINUS || (byte >= ZERO && byte <= NINE)) {
      const end = endOfNumber(text, at);
      if (!scan.isInexact && end - at > MAX_EXACT_DIGITS) scan.isInexact = true;
      else if (!scan.isInexact) scan.isInexact = hasLongExponent(text, at, end);
      at = end - 1;
    }
    if (scan.values > maxValues || scan.depth > maxDepth) break;
    last = byte;
  }
  return scan;
}

/** Where the quote at the end of a string is; the end of the text where there is none. */
function endOfString(text: Buffer, start: number): number {
  let end = text.indexOf(QUOTE, start + 1);
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf(QUOTE, end + 1);
  return end === -1 ? text.length : end;
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
    const isDigit = byte >= ZERO && byte <= NINE;
    if (!isDigit && byte !== POINT && byte !== LOWER_E && byte !== UPPER_E && byte !== PLUS && byte !== MINUS)
      break;
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
