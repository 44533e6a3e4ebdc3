import { isJsonObject } from './exact-json.js';

/**
 * Whether an object in a valid JSON text, in which so many names stand, names a member twice. Parsers differ in what they
 * make of such a text, and JSON.parse keeps the last silently, so its result has fewer members than the text has names.
 */
export const hasDuplicateMembers = (names: number, parsed: unknown): boolean => names !== membersOf(parsed);

function membersOf(parsed: unknown): number {
  let members = 0;
  for (let level: unknown[] = [parsed]; level.length > 0;) {
    level = level.flatMap((value): unknown[] => {
      if (Array.isArray(value)) return value;
      if (!isJsonObject(value)) return [];
      const values = Object.values(value);
      members += values.length;
      return values;
    });
  }
  return members;
}
