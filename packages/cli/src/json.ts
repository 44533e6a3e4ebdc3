export type JsonObject = Record<string, unknown>;

/** True for the `{…}` of JSON: no array, no null, no number kept as written. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !JSON.isRawJSON(value);
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
  const source = JSON.isRawJSON(value) ? JSON.stringify(value) : value;
  if (typeof source === 'string' && !/^-?\d+(\.\d+)?$/.test(source)) return undefined;
  const number = typeof source === 'string' || typeof source === 'number' ? Number(source) : NaN;
  return Number.isFinite(number) ? number : undefined;
}

/** Hits every number that a double may not hold, and some strings. */
const MAYBE_INEXACT = /[\d.]{16}|\d[eE]/;

/** JSON.parse that writes back every number as it was read: one that a double does not hold stays as written. */
export function parseJson(text: string): unknown {
  if (!MAYBE_INEXACT.test(text)) return JSON.parse(text);
  return JSON.parse(text, (_key, value: unknown, { source }) =>
    typeof value === 'number' && source !== undefined && String(value) !== source
      ? JSON.rawJSON(source)
      : value,
  );
}
