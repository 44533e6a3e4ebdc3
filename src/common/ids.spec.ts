import { describe, expect, it } from '@jest/globals';
import { firstIdAt, isUuid, newId, timeOfId } from './ids.js';

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe('ids', () => {
  it('are UUIDv7 in strictly ascending order', () => {
    const ids = Array.from({ length: 10_000 }, newId);
    expect(ids.every((id) => UUID_V7.test(id))).toBe(true);
    expect(ids).toEqual([...new Set(ids)].sort());
  });

  it('carry their time, and the bounds of a moment enclose the ids of that moment', () => {
    const id = newId();
    const time = timeOfId(id);
    expect(firstIdAt(time) <= id).toBe(true);
    expect(firstIdAt(new Date(time.getTime() + 1)) > id).toBe(true);
  });

  it('refuse what is no lower-case UUID', () => {
    expect(isUuid(newId())).toBe(true);
    expect(isUuid(newId().toUpperCase())).toBe(true);
    expect(isUuid(`${newId()}\n`)).toBe(false);
    expect(isUuid('')).toBe(false);
  });
});
