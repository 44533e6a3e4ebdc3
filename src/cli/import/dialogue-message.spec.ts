import { describe, expect, it } from '@jest/globals';
import { toMessage } from './dialogue-message.js';

const metadataOf = (others: object) => toMessage({ role: 'user', content: 'a', ...others }, 1).metadata;

describe('the content of a message', () => {
  it.each([
    ['null', { content: null }],
    ['absent beside tool calls', { tool_calls: [] }],
    ['absent beside a function call', { function_call: {} }],
  ])('is empty when %s', (_when, members) => {
    expect(toMessage({ role: 'assistant', ...members }, 1).content).toBe('');
  });

  it('is the joined text of its parts, which the metadata keep', () => {
    const content = [
      { type: 'text', text: 'a ' },
      { type: 'image_url', image_url: {} },
      { type: 'text', text: 'b' },
    ];

    const message = toMessage({ role: 'user', content, name: 'Ada' }, 1);

    expect(message).toEqual({ message_from: 'user', content: 'a b', metadata: { name: 'Ada', content } });
  });
});

describe('the metadata of a message', () => {
  it.each([
    ['absent without other members', {}, undefined],
    ['absent for an empty or null one', { metadata: null }, undefined],
    ['the metadata themselves', { metadata: { acts: ['INFORM'] } }, { acts: ['INFORM'] }],
    ['the other members', { name: 'Ada', tool_call_id: '1' }, { name: 'Ada', tool_call_id: '1' }],
    ['both', { metadata: { acts: [] }, name: 'Ada' }, { acts: [], name: 'Ada' }],
    [
      'nested on a collision',
      { metadata: { name: 'x', a: 1 }, name: 'Ada' },
      { metadata: { name: 'x', a: 1 }, name: 'Ada' },
    ],
    ['nested when no object', { metadata: ['x'] }, { metadata: ['x'] }],
  ])('are %s', (_what, others, metadata) => {
    expect(metadataOf(others)).toEqual(metadata);
  });
});
