import { describe, expect, it } from '@jest/globals';
import { isRange } from './ip-ranges.js';

describe('a range', () => {
  it.each(['10.0.0.0/8', '10.1.2.3', '::1', 'fd00::/8', '0.0.0.0/0'])('is %s', (text) => {
    expect(isRange(text)).toBe(true);
  });

  it.each(['example.com', '10.0.0.0/33', '10.0.0.0/8/8', 'fd00::/129', '10.0.0/8', ''])(
    'is not %j',
    (text) => {
      expect(isRange(text)).toBe(false);
    },
  );
});
