import { describe, expect, it } from '@jest/globals';
import { parseExactJson } from '../../common/json/exact-json.js';
import { batchesOf } from './batches.js';
import type { DialogueMessage } from './dialogue-message.js';

const messages = (count: number, content: string): DialogueMessage[] =>
  Array.from({ length: count }, (_, index) => ({ message_from: 'user', content: `${index} ${content}` }));

describe('batchesOf', () => {
  it('cuts after 500 messages and keeps their order', () => {
    const batches = [...batchesOf(messages(1001, ''))];

    expect(batches.map((batch) => batch.count)).toEqual([500, 500, 1]);
    const all = messages(1001, '');
    expect(batches.map((batch) => parseExactJson(batch.body))).toEqual([
      { messages: all.slice(0, 500) },
      { messages: all.slice(500, 1000) },
      { messages: all.slice(1000) },
    ]);
  });

  it('cuts at 4 MiB, and keeps a message whose JSON is longer on its own below 8 MiB', () => {
    const batches = [
      ...batchesOf([...messages(9, 'x'.repeat(2 ** 20 - 10)), ...messages(2, '\u0001'.repeat(2 ** 20 - 2))]),
    ];

    expect(batches.map((batch) => batch.count)).toEqual([3, 3, 3, 1, 1]);
    expect(Math.max(...batches.map((batch) => batch.body.length))).toBeLessThan(8 * 2 ** 20);
  });

  it('makes none of no messages', () => {
    expect([...batchesOf([])]).toEqual([]);
  });
});
