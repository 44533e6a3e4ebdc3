import { describe, expect, it } from '@jest/globals';
import { isJsonObject, jsonDepth, parseExactJson } from './exact-json.js';

describe('parseExactJson', () => {
  it.each([
    '{"n":12345678901234567890}',
    '{"n":[1e400,-1E-400]}',
    '{"n":0.1000000000000000055511151231257827}',
    '{"n":9007199254740993}',
    '{"s":"12345678901234567890 and 1e5"}',
    '{"n":0.30000000000000004}',
  ])('writes %s back as it was read', (text) => {
    expect(JSON.stringify(parseExactJson(text))).toBe(text);
  });

  it('gives ordinary numbers as numbers', () => {
    expect(parseExactJson('{"a":1,"b":-2.5,"c":1e3,"d":"0123456789abcdef"}')).toEqual({
      a: 1,
      b: -2.5,
      c: 1000,
      d: '0123456789abcdef',
    });
  });

  it('throws SyntaxError for what is no JSON', () => {
    expect(() => parseExactJson('{"a":}')).toThrow(SyntaxError);
  });
});

describe('isJsonObject', () => {
  it('knows an object from an array, null and a number kept as written', () => {
    expect([{}, [], null, parseExactJson('1e400'), 'x'].map(isJsonObject)).toEqual([
      true,
      false,
      false,
      false,
      false,
    ]);
  });
});

describe('jsonDepth', () => {
  it('counts nesting and gives up just above the limit', () => {
    expect(jsonDepth(1, 5)).toBe(0);
    expect(jsonDepth({ a: [{}] }, 5)).toBe(3);
    expect(jsonDepth({ a: [{ b: 1 }] }, 5)).toBe(3);
    expect(jsonDepth(parseExactJson('[1e400]'), 5)).toBe(1);
    expect(jsonDepth(parseExactJson('['.repeat(50_000) + ']'.repeat(50_000)), 5)).toBe(6);
  });
});
