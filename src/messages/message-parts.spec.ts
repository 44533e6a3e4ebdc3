import { describe, expect, it } from '@jest/globals';
import { contentOf, isMessagePart, MAX_CONTENT_BYTES } from './message-parts.js';

describe('the content of parts', () => {
  it.each([
    ['text', [{ type: 'text', text: 'Hello' }], 'Hello'],
    [
      'several texts, a line each',
      [
        { type: 'text', text: 'a' },
        { type: 'text', text: '' },
        { type: 'text', text: 'b' },
      ],
      'a\n\nb',
    ],
    [
      'texts of other frameworks',
      ['input_text', 'output-text', 'x.text'].map((type) => ({ type, text: type })),
      'input_text\noutput-text\nx.text',
    ],
    ['a refusal', [{ type: 'refusal', refusal: 'No.' }], 'No.'],
    ['NUL', [{ type: 'text', text: 'a\0b' }], 'a\ufffdb'],
    [
      'nothing that is text',
      [
        { type: 'tool-call', text: 'x' },
        { type: 'context', text: 'x' },
        { type: 'Text', text: 'x' },
      ],
      '',
    ],
    ['a text that is no string', [{ type: 'text', text: { value: 'x' } }, { type: 'text' }], ''],
  ])('is made of %s', (_, parts, content) => {
    expect(contentOf(parts)).toBe(content);
  });

  it('ends with a whole character, at 1 MiB', () => {
    expect(contentOf([{ type: 'text', text: 'x'.repeat(MAX_CONTENT_BYTES + 1) }])).toHaveLength(
      MAX_CONTENT_BYTES,
    );
    for (const character of ['é', '值', '👩']) {
      const content = contentOf([{ type: 'text', text: `x${character.repeat(MAX_CONTENT_BYTES)}` }]);
      const bytes = Buffer.byteLength(content);
      expect(bytes).toBeLessThanOrEqual(MAX_CONTENT_BYTES);
      expect(bytes).toBeGreaterThan(MAX_CONTENT_BYTES - 4);
      expect(content.isWellFormed()).toBe(true);
      expect(content.endsWith(character)).toBe(true);
    }
  });
});

describe('a part', () => {
  it('says what it is in 1 to 64 characters', () => {
    for (const type of ['x', 'x'.repeat(64), '👩'.repeat(64)]) expect(isMessagePart({ type })).toBe(true);
    for (const type of ['', 'x'.repeat(65), '👩'.repeat(65), 1, null, undefined])
      expect(isMessagePart({ type })).toBe(false);
  });
});
