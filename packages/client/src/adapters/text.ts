const MAX_CONTENT_BYTES = 1024 * 1024;

/** What of a text the service takes as `content`: half characters and NUL replaced, cut at a character to 1 MiB. */
export function plainText(text: string): string {
  const plain = text.toWellFormed().replaceAll('\0', '\uFFFD');
  const { read } = new TextEncoder().encodeInto(plain, new Uint8Array(MAX_CONTENT_BYTES));
  return plain.slice(0, read);
}

/** The value as JSON has it, with half characters replaced: no JSON that is sent as UTF-8 can hold them. */
export function wellFormed(value: unknown): unknown {
  return withText(JSON.parse(JSON.stringify(value)));
}

function withText(value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed();
  if (Array.isArray(value)) return value.map(withText);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key.toWellFormed(), withText(one)]));
}

/** Whether two values are the same as JSON, whatever the order of their members. */
export const sameJson = (a: unknown, b: unknown): boolean => ordered(a) === ordered(b);

const ordered = (value: unknown): string =>
  JSON.stringify(value, (_key, one: unknown) =>
    typeof one === 'object' && one !== null && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  );
