import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { Colloquy } from '@colloquy/client';

export const colloquy = new Colloquy({ baseUrl: process.env.COLLOQUY_URL ?? 'http://127.0.0.1:3000' });

export const newSession = () => ({ sessionId: `session|${randomUUID()}@example.org` });

/** Any text at all: any characters, halves of them, NUL. */
export const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom('', '\0', 'half \ud800 of one', '__proto__', '{"free": 3}', '日本語 👩‍👩‍👧‍👦\r\n'),
);
export const word = fc.stringMatching(/^[a-z][a-z0-9_]{0,20}$/);
export const url = fc.webUrl();
export const json = fc.jsonValue({ maxDepth: 3, noUnicodeString: false });

/** What comes back of a value: the same, with U+FFFD for half characters, as any UTF-8 has them. */
export function wellFormed<T>(value: T): T {
  const plain = (one: unknown): unknown => {
    if (typeof one === 'string') return one.toWellFormed();
    if (Array.isArray(one)) return one.map(plain);
    if (typeof one !== 'object' || one === null) return one;
    return Object.fromEntries(Object.entries(one).map(([key, x]) => [key.toWellFormed(), plain(x)]));
  };
  return plain(JSON.parse(JSON.stringify(value))) as T;
}

/** Two hundred conversations of up to 12 of these, each put in and taken out by `roundTrip`; compared as `seen`. */
export const property = async <T>(
  item: fc.Arbitrary<T>,
  roundTrip: (items: T[]) => Promise<T[]>,
  seen: (items: T[]) => unknown = (items) => items,
) => {
  await fc.assert(
    fc.asyncProperty(fc.array(item, { minLength: 1, maxLength: 12 }), async (items) => {
      assert.deepEqual(wellFormed(seen(await roundTrip(items))), wellFormed(seen(items)));
    }),
    { numRuns: 200, seed: Number(process.env.FUZZ_SEED ?? Date.now() % 2 ** 31) },
  );
};
