import { describe, expect, it } from '@jest/globals';
import { eventsFromText, eventsToText } from './event-text.js';

const ada = { id: 'ada', name: 'Ada', role: null };
const bob = { id: 'bob', name: null, role: 'operator' };

describe('the contents of events', () => {
  it('are read as they were written, whoever they share', () => {
    const contents = [
      { data: { sequence: 1 }, actor: ada, requestId: 'one' },
      { data: { sequence: 2 }, actor: ada, requestId: 'one' },
      { data: { sequence: 3 }, actor: ada, requestId: 'two' },
      { data: { sequence: 4 }, actor: bob, requestId: 'two' },
      { data: { sequence: 5 }, actor: bob, requestId: null },
    ];
    expect(eventsFromText(eventsToText(contents))).toEqual(contents);
  });

  it('name an author once', () => {
    const text = eventsToText(
      [1, 2, 3].map((sequence) => ({ data: { sequence }, actor: ada, requestId: 'r' })),
    );
    expect(text.match(/Ada/g)).toHaveLength(1);
  });
});
