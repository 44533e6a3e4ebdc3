/** True for the `{…}` of JSON: no array, no null. */
export const isJsonObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Whether arrays and objects in a JSON value are nested at most `levels` deep. */
export function isNestedWithin(levels: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (levels === 0) return false;
  const inner: unknown[] = Array.isArray(value) ? value : Object.values(value);
  for (const one of inner) if (typeof one === 'object' && !isNestedWithin(levels - 1, one)) return false;
  return true;
}

/** Whether no string and no member name in a JSON value has half of a surrogate pair. */
export function isWellFormedJson(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed();
  if (typeof value !== 'object' || value === null) return true;
  if (Array.isArray(value)) return value.every(isWellFormedJson);
  return Object.entries(value).every(([name, member]) => name.isWellFormed() && isWellFormedJson(member));
}

/** As JSON.parse, whose result could otherwise be taken for anything. */
export const parseJson = (text: string): unknown => JSON.parse(text);
