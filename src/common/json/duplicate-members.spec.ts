import { describe, expect, it } from '@jest/globals';
import { hasDuplicateMembers } from './duplicate-members.js';
import { scanJson } from './json-scan.js';

const isDouble = (text: string) =>
  hasDuplicateMembers(scanJson(Buffer.from(text), 1_000, 100).names, JSON.parse(text));

describe('hasDuplicateMembers', () => {
  it.each([
    '{}',
    '[]',
    '"a:b"',
    '{"a":"\\"b\\":1"}',
    '{"a" :1, "b"\n:\t{"a":[{"a":1},{"a":2}]}}',
    '{"a":"ends with a backslash \\\\","b":1}',
    '{"a":1e400,"b":12345678901234567890}',
    '{"__proto__":1,"constructor":{"prototype":2}}',
    '{"":{"":""}}',
  ])('is false for %s', (text) => {
    expect(isDouble(text)).toBe(false);
  });

  it.each([
    '{"a":1,"a":1}',
    '{"a":[{"b":1,"c":2,"b":3}]}',
    '{"a":1,"\\u0061":2}',
    '{"__proto__":1,"__proto__":2}',
  ])('is true for %s', (text) => {
    expect(isDouble(text)).toBe(true);
  });
});
