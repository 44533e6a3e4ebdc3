import { describe, expect, it } from '@jest/globals';
import { timeOfId } from '../common/ids.js';
import { newMessageId, sequenceOfMessageId } from './new-message-id.js';

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe('ids of messages', () => {
  it.each([1, 42, 200_000, 2 ** 31 - 1])('carry the sequence %d', (sequence) => {
    const time = new Date('2026-01-31T08:00:00.123Z');
    const id = newMessageId(time, sequence);
    expect(id).toMatch(UUID_V7);
    expect(sequenceOfMessageId(id)).toBe(sequence);
    expect(timeOfId(id)).toEqual(time);
  });

  it('are never the same, however many are made', () => {
    const time = new Date();
    const ids = Array.from({ length: 10_000 }, () => newMessageId(time, 1));
    expect(new Set(ids).size).toBe(ids.length);
  });
});
