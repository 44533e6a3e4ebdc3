import { describe, expect, it } from '@jest/globals';
import type { ConversationDraft, MessageDraft } from '../formats/draft.js';
import { batchesOf } from './batches.js';
import { fit, type FitOptions, Names } from './fit.js';

const KiB = 1024;
const MiB = 1024 * KiB;

const says = (content: string, more: Partial<MessageDraft> = {}): MessageDraft => ({
  message_from: 'user',
  content,
  parts: null,
  metadata: {},
  ...more,
});
const draft = (messages: MessageDraft[], more: Partial<ConversationDraft> = {}): ConversationDraft => ({
  extend_properties: {},
  messages,
  ...more,
});
const fitted = (conversation: ConversationDraft, options: Partial<FitOptions> = {}) =>
  fit(conversation, 'x:1', { oversize: 'fail', ...options });
const bodies = (conversation: ConversationDraft, options: Partial<FitOptions> = {}) =>
  fitted(conversation, options).messages.map(({ body }) => body);

describe('what a file says, made what the API takes', () => {
  it('has the title of the file, else the first words of the user, cut between characters', () => {
    expect(fitted(draft([], { topic: 'Tides' })).body.topic).toBe('Tides');
    expect(fitted(draft([says('  '), says('Hello?')])).body.topic).toBe('Hello?');
    expect(fitted(draft([says('😀'.repeat(300))])).body.topic).toBe('😀'.repeat(255));
    expect(fitted(draft([])).body.topic).toBeUndefined();
  });

  it('belongs to nobody unless the file or the caller says whose it is', () => {
    expect(fitted(draft([])).body).toMatchObject({ user_id: null, status: 'completed' });
    expect(fitted(draft([]), { userId: 'ada', agentId: 'desk' }).body).toMatchObject({
      user_id: 'ada',
      agent_id: 'desk',
    });
    expect(fitted(draft([], { user_id: 'bob' }), { userId: 'ada' }).body.user_id).toBe('bob');
  });

  it('has times in the order of its messages, none in the future, and keeps what the file said as requested', () => {
    const at = (time?: number) => says('x', { created_time: time });
    const future = Date.now() + 1e9;

    const { body, messages } = fitted(draft([at(), at(5_000), at(3_000), at(), at(future)]));

    expect(body.created_time).toBe('1970-01-01T00:00:05.000Z');
    const times = messages.map((message) => [message.body.created_time, message.body.requested_time]);
    expect(times.slice(0, 4)).toEqual([
      ['1970-01-01T00:00:05.000Z', undefined],
      ['1970-01-01T00:00:05.000Z', undefined],
      ['1970-01-01T00:00:05.000Z', '1970-01-01T00:00:03.000Z'],
      ['1970-01-01T00:00:05.000Z', undefined],
    ]);
    expect(Date.parse(times[4]?.[0] ?? '')).toBeLessThanOrEqual(Date.now());
    expect(times[4]?.[1]).toBe(new Date(future).toISOString());
  });

  it('has no time where the file has none', () => {
    const { body, messages } = fitted(draft([says('x')]));
    expect([body.created_time, messages[0]?.body.created_time]).toEqual([undefined, undefined]);
  });

  it('keeps what no text of the API can hold where it can be kept', () => {
    const [nul, half] = bodies(
      draft([says('a\0b'), says('\ud83d!', { metadata: { '\ud83d': ['\\ud83d \udc00'] } })]),
    );

    expect(nul).toMatchObject({ content: 'a\ufffdb', parts: [{ type: 'text', text: 'a\0b' }] });
    expect(half).toMatchObject({ content: '\ufffd!', metadata: { '\ufffd': ['\\ud83d \ufffd'] } });
  });

  it('names a message once', () => {
    const [first, second] = bodies(draft([says('a', { external_id: 'm' }), says('b', { external_id: 'm' })]));
    expect(first?.external_id).toBe('m');
    expect(second).toMatchObject({ metadata: { external_id: 'm' } });
    expect(second?.external_id).toBeUndefined();
  });
});

describe('what is too large', () => {
  const text = `${'x'.repeat(MiB - 1)}ä${'y'.repeat(MiB)}`;
  const long = draft([
    says(text, {
      parts: [
        { type: 'text', text },
        { type: 'image', url: 'u' },
      ],
      external_id: 'm',
    }),
  ]);

  it.each([
    ['text', says(text), 'message 1: content is 2097153 bytes, more than 1048576'],
    ['parts', says('', { parts: [{ type: 'image', data: 'x'.repeat(4 * MiB) }] }), 'message 1: parts are'],
    ['many parts', says('', { parts: Array.from({ length: 501 }, () => ({ type: 'x' })) }), '501 parts'],
    ['metadata', says('', { metadata: { x: 'x'.repeat(64 * KiB) } }), 'message 1: metadata is'],
    ['deep metadata', says('', { metadata: nested(101) }), 'metadata is nested 102 deep'],
    [
      'many values',
      says('', { parts: [{ type: 'x', list: Array.from({ length: 100_000 }, () => 1) }] }),
      'values',
    ],
  ])('leaves the conversation out: %s', (_name, message, reason) => {
    expect(() => fitted(draft([message]))).toThrow(reason);
  });

  it('becomes several messages of text', () => {
    const messages = bodies(long, { oversize: 'split' });

    expect(messages.map(({ content }) => content).join('')).toBe(text);
    expect(messages.map(({ content }) => Buffer.byteLength(content) <= MiB)).toEqual([true, true, true]);
    expect(messages.map(({ parts }) => parts)).toEqual([[{ type: 'image', url: 'u' }], null, null]);
    expect(messages.map(({ external_id: name }) => name)).toEqual(['m', undefined, undefined]);
    expect(messages[1]?.metadata).toEqual({ import: { split: { part: 2, of: 3 } } });
  });

  it('is left out of its message, which says so', () => {
    const [message] = bodies(long, { oversize: 'strip' });

    expect(message?.content).toBe('x'.repeat(MiB - 1));
    expect(message?.metadata).toEqual({
      import: { stripped: [{ member: 'content', bytes: 2 * MiB + 1, kept: MiB - 1 }] },
    });
    const [image] = bodies(
      draft([
        says('', {
          parts: [
            { type: 'text', text: 't' },
            { type: 'image', data: 'x'.repeat(5 * MiB) },
          ],
        }),
      ]),
      { oversize: 'strip' },
    );
    expect(image?.parts).toEqual([
      { type: 'text', text: 't' },
      { type: 'stripped', stripped: { type: 'image', bytes: 5 * MiB + 26 } },
    ]);
    const [metadata] = bodies(draft([says('', { metadata: { big: 'x'.repeat(70 * KiB), small: 1 } })]), {
      oversize: 'strip',
    });
    expect(metadata?.metadata).toEqual({
      small: 1,
      import: { stripped: [{ member: 'metadata/big', bytes: 70 * KiB + 2 }] },
    });
    const { body } = fitted(draft([], { extend_properties: { tools: 'x'.repeat(70 * KiB), model: 'm' } }), {
      oversize: 'strip',
    });
    expect(body.extend_properties).toMatchObject({ model: 'm' });
  });

  it('is never more than a request may have', () => {
    const control = '\u0001'.repeat(MiB);
    const messages = Array.from({ length: 12 }, () =>
      says(control, { metadata: { x: 'y'.repeat(60 * KiB) } }),
    );

    const batches = [...batchesOf(fitted(draft(messages)).messages)];

    expect(batches).toHaveLength(12);
    for (const batch of batches) {
      expect(Buffer.byteLength(JSON.stringify(batch.map(({ body }) => body)))).toBeLessThan(
        8 * MiB - 256 * KiB,
      );
    }
  });

  it('goes out 500 messages at a time', () => {
    const { messages } = fitted(draft(Array.from({ length: 1_001 }, () => says('x'))));
    expect([...batchesOf(messages)].map(({ length }) => length)).toEqual([500, 500, 1]);
  });
});

describe('the name of a conversation', () => {
  const names = () => new Names();

  it('is its own, or made of its format and its id', () => {
    expect(names().nameOf(draft([], { external_id: 'mine', id: 'x' }), 'colloquy')).toBe('mine');
    expect(names().nameOf(draft([], { id: 'c-1' }), 'chatgpt')).toBe('chatgpt:c-1');
    expect(names().nameOf(draft([], { id: 'c-1' }), 'chatgpt', 'leaf')).toBe('chatgpt:c-1/leaf');
    expect(names().nameOf(draft([], { id: 'x'.repeat(255) }), 'chatgpt')).toMatch(
      /^chatgpt:sha256-[0-9a-f]{64}$/,
    );
  });

  it('is made of what was said where there is no id, and of how often it was', () => {
    const first = names();
    const [one, two] = [says('a'), says('a')].map((message) => first.nameOf(draft([message]), 'openai'));
    const again = names();

    expect(one).toMatch(/^openai:sha256-[0-9a-f]{64}$/);
    expect(two).not.toBe(one);
    expect([says('a'), says('a')].map((message) => again.nameOf(draft([message]), 'openai'))).toEqual([
      one,
      two,
    ]);
    expect(names().nameOf(draft([says('b')]), 'openai')).not.toBe(one);
  });
});

function nested(depth: number): Record<string, unknown> {
  let object: Record<string, unknown> = {};
  for (let level = 0; level < depth; level += 1) object = { a: object };
  return object;
}
