/** A number a double may not hold exactly has 16 or more digits, or an exponent. Also hits strings, which only costs time. */
const MAYBE_INEXACT_NUMBER = /[\d.]{16}|\d[eE]/;

/**
 * JSON.parse that keeps every number's value: one that a double cannot hold stays as written (a JSON.rawJSON
 * value, which JSON.stringify writes back verbatim). Throws SyntaxError like JSON.parse.
 */
export function parseExactJson(text: string): unknown {
  if (!MAYBE_INEXACT_NUMBER.test(text)) return JSON.parse(text);
  return JSON.parse(text, (_key, value, { source }) =>
    typeof value === 'number' && source !== undefined && !isExact(value, source)
      ? JSON.rawJSON(source)
      : value,
  );
}

const SMALLEST_NORMAL = 2 ** -1022;

/** Doubles keep any decimal of up to 15 significant digits, unless it overflows or is smaller than normal ones. */
function isExact(value: number, source: string): boolean {
  const digits = source
    .replace(/[eE].*$/, '')
    .replace(/\D/g, '')
    .replace(/^0+/, '');
  if (value === 0) return digits === '';
  const isNormal = Math.abs(value) >= SMALLEST_NORMAL;
  return Number.isFinite(value) && ((isNormal && digits.length <= 15) || String(value) === source);
}

/** True for the `{…}` of JSON: no array, no null, no number kept as written. */
export function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !JSON.isRawJSON(value);
}

/** How deep arrays and objects are nested in a parsed value, counted without recursion up to `limit` + 1. */
export function jsonDepth(value: unknown, limit: number): number {
  let depth = 0;
  for (let level = [value].filter(isNested); level.length > 0 && depth <= limit; depth++) {
    level = level.flatMap((nested): unknown[] => Object.values(nested)).filter(isNested);
  }
  return depth;
}

const isNested = (value: unknown): value is object => Array.isArray(value) || isJsonObject(value);
