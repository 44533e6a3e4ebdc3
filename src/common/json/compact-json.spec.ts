import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compactJson } from './compact-json.js';

const compact = (text: string) => compactJson(Buffer.from(text)).toString();

describe('compactJson', () => {
  it('is what JSON.stringify writes, however a text is indented', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom('', ' ', '\n\t'), (value, indent) => {
        const written = JSON.stringify(value);
        expect(compact(JSON.stringify(JSON.parse(written), null, indent))).toBe(written);
      }),
    );
  });

  it.each([
    [' { "a b" : [ 1.0 , 1e400 ,\r\n-0 ] } ', '{"a b":[1.0,1e400,-0]}'],
    ['["\\" ,", " \\\\ " , "\\u00e9"]', '["\\" ,"," \\\\ ","\\u00e9"]'],
  ])('leaves numbers and strings of %s as they are', (text, expected) => {
    expect(compact(text)).toBe(expected);
  });
});
