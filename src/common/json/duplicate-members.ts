import { isJsonObject } from './json-value.js';

/**
 * Whether an object in a valid JSON text, in which so many names stand, names a member twice. Parsers differ in what they
 * make of such a text, and JSON.parse keeps the last silently, so its result has fewer members than the text has names.
 */
export const hasDuplicateMembers = (names: number, parsed: unknown): boolean => names !== membersOf(parsed);

/** By recursion: how deep a body may be is bounded. By keys: of an object with many members, Object.values is slow. */
function membersOf(value: unknown): number {
  let members = 0;
  if (Array.isArray(value)) {
    for (const element of value) if (typeof element === 'object') members += membersOf(element);
  } else if (isJsonObject(value)) {
    const names = Object.keys(value);
    members = names.length;
    for (const name of names) {
      const member = value[name];
      if (typeof member === 'object') members += membersOf(member);
    }
  }
  return members;
}
