import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { scanJson } from './json-scan.js';

const scan = (text: string) => scanJson(Buffer.from(text), 100_000, 110);

/** How many values, levels and members a parsed value has. */
function countOf(value: unknown): { values: number; depth: number; names: number } {
  if (typeof value !== 'object' || value === null) return { values: 1, depth: 0, names: 0 };
  const inner = Object.values(value).map(countOf);
  return {
    values: 1 + inner.reduce((sum, { values }) => sum + values, 0),
    depth: 1 + Math.max(0, ...inner.map(({ depth }) => depth)),
    names: inner.reduce((sum, { names }) => sum + names, Array.isArray(value) ? 0 : inner.length),
  };
}

describe('scanJson', () => {
  it('counts what any valid text holds, however it is written', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), fc.constantFrom('', ' ', '\n\t'), (value, indent) => {
        const { values, depth, names } = scan(JSON.stringify(value, null, indent));
        expect({ values, depth, names }).toEqual(countOf(JSON.parse(JSON.stringify(value))));
      }),
    );
  });

  it.each(['[]', '[[],{}]', '{"a":"[,:]{\\"\\\\"}', '"\\\\\\""', '[1,-2.5e-3,"1e999",true,null]'])(
    'counts %s',
    (text) => {
      const { values, depth, names } = scan(text);
      expect({ values, depth, names }).toEqual(countOf(JSON.parse(text)));
    },
  );

  it.each([
    ['1', false],
    ['123456789012345', false],
    ['1e22', false],
    ['-1.5E-99', false],
    ['"1234567890123456789"', false],
    ['1234567890123456', true],
    ['1e100', true],
    ['[0,1E-400]', true],
    ['0.1000000000000000055', true],
  ])('knows of %s whether a double may not hold it: %s', (text, isInexact) => {
    expect(scan(text).isInexact).toBe(isInexact);
  });

  it('stops where there is more than allowed', () => {
    expect(scan('['.repeat(8e6)).depth).toBe(111);
    expect(scan(`[${'0,'.repeat(4e6)}`).values).toBe(100_001);
  });

  it('ends on what is no JSON', () => {
    for (const text of ['', '"', '"\\"', ']', '}{', '-', '[1,', '\u00e9', '\0'])
      expect(scan(text).values).toBeGreaterThan(0);
  });
});
