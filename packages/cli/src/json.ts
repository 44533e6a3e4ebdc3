export type JsonObject = Record<string, unknown>;

/** Node.js 20 knows numbers as doubles only. */
export const keepsNumbers = 'rawJSON' in JSON;
/** A number that was kept as it was written. */
export const isRaw = (value: unknown): boolean => keepsNumbers && JSON.isRawJSON(value);

/** True for the `{…}` of JSON: no array, no null, no number kept as written. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isRaw(value);
}

export const isList = (value: unknown): value is unknown[] => Array.isArray(value);

export const objectsOf = (value: unknown): JsonObject[] => (isList(value) ? value.filter(isObject) : []);

/** A member of what may be an object. */
export const at = (value: unknown, ...path: string[]): unknown =>
  path.reduce((found, name) => (isObject(found) ? found[name] : undefined), value);

/** A string that says something. */
export const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value.trim() !== '' ? value : undefined;

/** A number, also one that was kept as written, or stands in a string as in CSV. */
export function numberOf(value: unknown): number | undefined {
  const source = isRaw(value) ? JSON.stringify(value) : value;
  if (typeof source === 'string' && !/^-?\d+(\.\d+)?$/.test(source)) return undefined;
  const number = typeof source === 'string' || typeof source === 'number' ? Number(source) : NaN;
  return Number.isFinite(number) ? number : undefined;
}

/** Hits every number that a double may not hold, and some strings. */
const MAYBE_INEXACT = /[\d.]{16}|\d[eE]/;

/** JSON.parse that writes back every number as it was read: one that a double does not hold stays as written. */
export function parseJson(text: string): unknown {
  if (!keepsNumbers || !MAYBE_INEXACT.test(text)) return JSON.parse(text);
  return JSON.parse(text, (_key, value: unknown, { source }) =>
    typeof value === 'number' && source !== undefined && String(value) !== source
      ? JSON.rawJSON(source)
      : value,
  );
}
/** How many values a JSON value is made of, itself included, and how deep it is nested. */
export function measure(value: unknown): { values: number; depth: number } {
  let values = 1;
  let depth = 0;
  for (let level = [value].filter(isNested); level.length > 0; depth += 1) {
    const below = level.flatMap((nested): unknown[] => Object.values(nested));
    values += below.length;
    level = below.filter(isNested);
  }
  return { values, depth };
}

const isNested = (value: unknown): value is object => isList(value) || isObject(value);
