import { describe, expect, it } from '@jest/globals';
import { rangesOf, sequencesOf } from './sequence-ranges.js';

describe('ranges of sequences', () => {
  it.each([
    [[], ''],
    [[7], '7'],
    [[1, 2, 3], '1-3'],
    [[4, 5, 9, 2, 3, 3], '4-5,9,2-3,3'],
  ])('write %j as %j, and read it back', (sequences, text) => {
    expect(rangesOf(sequences)).toBe(text);
    expect(sequencesOf(text)).toEqual(sequences);
  });
});
