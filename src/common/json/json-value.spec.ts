import { describe, expect, it } from '@jest/globals';
import { isJsonObject, isNestedWithin, isWellFormedJson } from './json-value.js';

const nested = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels));

describe('isJsonObject', () => {
  it('knows an object from an array and null', () => {
    expect([{}, [], null, 1, 'x'].map(isJsonObject)).toEqual([true, false, false, false, false]);
  });
});

describe('isNestedWithin', () => {
  it.each([
    [0, 1],
    [1, {}],
    [3, { a: [{ b: 1 }], c: null }],
    [100, nested(100)],
  ])('is true up to %d levels', (levels, value) => {
    expect(isNestedWithin(levels, value)).toBe(true);
    expect(isNestedWithin(levels - 1, value)).toBe(levels === 0);
  });

  it('does not look deeper than that', () => {
    expect(isNestedWithin(100, nested(5_000))).toBe(false);
  });
});

describe('isWellFormedJson', () => {
  it.each([
    ['{"a":["\\ud83d\\ude00",1,null]}', true],
    ['"\\\\ud800"', true],
    ['{"a":[{"b":"\\ud83d"}]}', false],
    ['{"\\ude00":1}', false],
  ])('is of %s %s', (text, expected) => {
    expect(isWellFormedJson(JSON.parse(text))).toBe(expected);
  });
});
