import { isJsonObject } from './exact-json.js';

/**
 * Whether an object in a valid JSON text names a member twice. Parsers differ in what they make of such a text, and
 * JSON.parse keeps the last silently, so its result has fewer members than the text has names.
 */
export const hasDuplicateMembers = (text: string, parsed: unknown): boolean =>
  namesIn(text) !== membersOf(parsed);

function namesIn(text: string): number {
  let names = 0;
  for (let start = text.indexOf('"'); start !== -1; start = text.indexOf('"', start)) {
    let end = text.indexOf('"', start + 1);
    while (isEscaped(text, end)) end = text.indexOf('"', end + 1);
    start = end + 1;
    while (' \t\n\r'.includes(text.charAt(start)) && start < text.length) start++;
    if (text[start] === ':') names++;
  }
  return names;
}

/** An odd number of backslashes stands before the quote. */
function isEscaped(text: string, quote: number): boolean {
  let first = quote;
  while (text[first - 1] === '\\') first--;
  return (quote - first) % 2 === 1;
}

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
