import { describe, expect, it } from '@jest/globals';
import { createTestApp } from '../support/create-test-app.js';
import { detailAt, expectProblem } from '../support/problems.js';
import { EXACT_JSON, HALVES, nestedJson } from '../support/samples.js';

const { as } = await createTestApp();
const ada = as({ tenant: 'acme' });
const { body: conversation } = await ada.post('/conversations');
const messages = `/conversations/${conversation.id}/messages`;
const HELLO = { message_from: 'user', content: 'Hello' };
const MIB = 1024 * 1024;
const MORE: Record<string, string>[] = [
  {},
  { order: 'recent' },
  { after_sequence: '0' },
  { external_id: 'm' },
];

describe('parts', () => {
  it('make the content where none is given', async () => {
    const parts = [
      { type: 'text', text: 'a' },
      { type: 'tool_call', name: 'x', text: 'no' },
      { type: 'output_text', text: 'b\0' },
      { type: 'refusal', refusal: 'No.' },
    ];
    const made = await ada.post(messages, { message_from: 'agent', parts });
    const given = await ada.post(messages, { message_from: 'agent', parts, content: '' });
    const none = await ada.post(messages, { message_from: 'tool', parts: [{ type: 'image', url: 'x' }] });

    expect(made.body).toMatchObject({ content: 'a\nb\ufffd\nNo.', parts });
    expect(given.body).toMatchObject({ content: '', parts });
    expect([none.status, none.body.content]).toEqual([201, '']);
    expect((await ada.get(`${messages}/${made.body.id}`)).body).toEqual(made.body);
  });

  it.each(EXACT_JSON)('keep the exact JSON value of %s', async (json) => {
    const parts = `[{"type":"x","value":${json}},{"type":"y"}]`;
    const created = await ada.post(messages, `{"message_from":"agent","parts":${parts}}`);

    // The value stands one deeper than the sample, which has all the depth that there is.
    if (json === nestedJson(100)) return expectProblem(created, 'validation_failed', '/parts');
    expect(created.status).toBe(201);
    expect(created.text).toContain(`"parts":${parts}`);
    expect((await ada.get(`${messages}/${created.body.id}`)).text).toBe(created.text);
    return undefined;
  });

  it('are 1 to 500 objects with a type, up to 4 MiB', async () => {
    const part = { type: 'x' };
    const size = (bytes: number) => [
      { type: 'x', data: 'd'.repeat(bytes - '[{"type":"x","data":""}]'.length) },
    ];
    const wrong = [
      [],
      {},
      'x',
      [1],
      [null],
      [[]],
      [{}],
      [{ type: '' }],
      [{ type: 1 }],
      [{ type: 'x'.repeat(65) }],
    ];

    for (const parts of [...wrong, Array.from({ length: 501 }, () => part), size(4 * MIB + 1)])
      expectProblem(await ada.post(messages, { ...HELLO, parts }), 'validation_failed', '/parts');
    const second = await ada.post(messages, { ...HELLO, parts: [part, { typ: 'x' }] });
    expect(detailAt(second, '/parts')).toMatch(/; number 1, counted from 0, is not$/);
    for (const json of HALVES)
      expectProblem(
        await ada.post(messages, `{"message_from":"user","parts":[{"type":"x","v":${json}}]}`),
        'validation_failed',
        '/parts',
      );
    for (const parts of [
      Array.from({ length: 500 }, () => part),
      size(4 * MIB),
      [{ type: '👩'.repeat(64) }],
    ]) {
      const created = await ada.post(messages, { ...HELLO, parts });
      expect(created.status).toBe(201);
      expect((await ada.get(`${messages}/${created.body.id}`)).body.parts).toEqual(parts);
    }
    const { status, body } = await ada.post(messages, { ...HELLO, parts: null });
    expect([status, body.parts]).toEqual([201, null]);
    const silent = await ada.post(messages, { message_from: 'user' });
    expectProblem(silent, 'validation_failed', '/content');
    expect(detailAt(silent, '/content')).toBe('is needed where there are no parts');
    expectProblem(
      await ada.patch(`${messages}/${body.id}`, { parts: [part] }),
      'validation_failed',
      '/parts',
    );
  }, 60_000);

  it('and metadata are left out of a list where that is asked for', async () => {
    const { body: other } = await ada.post('/conversations');
    const path = `/conversations/${other.id}/messages`;
    const { body: message } = await ada.post(path, {
      ...HELLO,
      parts: [{ type: 'x' }],
      metadata: { a: 1 },
      external_id: 'm',
    });

    const listed = async (query: Record<string, string | string[]>) =>
      (await ada.get(path, { query })).body.data;

    expect(await listed({ omit: 'parts' })).toEqual([{ ...message, parts: null }]);
    expect(await listed({ omit: 'metadata' })).toEqual([{ ...message, metadata: null }]);
    for (const omit of ['parts,metadata', ['metadata', 'parts']])
      for (const more of MORE)
        expect(await listed({ omit, ...more })).toEqual([{ ...message, parts: null, metadata: null }]);
    expectProblem(await ada.get(path, { query: { omit: 'content' } }), 'validation_failed', 'omit');
  });
});

describe('a hidden message', () => {
  it('is in lists and counted, and is shown again', async () => {
    const { body: other } = await ada.post('/conversations');
    const path = `/conversations/${other.id}/messages`;
    const { body: hidden } = await ada.post(path, { ...HELLO, hidden: true });
    const { body: said } = await ada.post(path, HELLO);

    const undone = await ada.patch(`${path}/${said.id}`, { hidden: true });
    const again = await ada.patch(`${path}/${said.id}`, { hidden: true });
    const shown = await ada.patch(`${path}/${hidden.id}`, { hidden: false });

    expect([hidden.hidden, said.hidden]).toEqual([true, false]);
    expect(undone.body).toMatchObject({ hidden: true, content: 'Hello', version: 2 });
    expect(again.body).toEqual(undone.body);
    expect(shown.body).toMatchObject({ hidden: false, version: 2 });
    expect((await ada.get(path)).body).toMatchObject({ total_count: 2, data: [shown.body, undone.body] });
    for (const wrong of [1, 'true', {}])
      expectProblem(await ada.post(path, { ...HELLO, hidden: wrong }), 'validation_failed', '/hidden');
  });
});

describe('a conversation that begins with messages', () => {
  it('has them as 1 to n, or is not made', async () => {
    const first = [
      { message_from: 'system', content: 'You book tables.' },
      { message_from: 'user', content: 'For 2', external_id: 'q', parts: [{ type: 'text', text: 'For 2' }] },
    ];

    const created = await ada.post('/conversations', { agent_id: 'bot', user_id: 'eve', messages: first });
    const wrong = await ada.post('/conversations', {
      messages: [...first, { message_from: 'x', content: '' }],
    });

    expect([created.status, created.body.message_count, created.body.version]).toEqual([201, 2, 1]);
    const { body } = await ada.get(`/conversations/${created.body.id}/messages`);
    expect(body).toMatchObject({
      total_count: 2,
      data: [
        { sequence: 1, agent_id: 'bot', user_id: 'eve', ...first[0] },
        { sequence: 2, agent_id: 'bot', user_id: 'eve', ...first[1] },
      ],
    });
    expect(body.data[1].created_time).toBe(created.body.updated_time);
    expect((await ada.post(`/conversations/${created.body.id}/messages`, HELLO)).body.sequence).toBe(3);
    expectProblem(wrong, 'validation_failed', '/messages/2/message_from');
  });

  it('may have 500, and none', async () => {
    const many = Array.from({ length: 500 }, (_, n) => ({ ...HELLO, content: `${n}` }));

    const full = await ada.post('/conversations', { messages: many });
    const empty = await ada.post('/conversations', { messages: [] });
    const over = await ada.post('/conversations', { messages: [...many, HELLO] });

    expect([full.status, full.body.message_count]).toEqual([201, 500]);
    expect([empty.status, empty.body.message_count]).toEqual([201, 0]);
    expectProblem(over, 'validation_failed', '/messages');
  });
});
