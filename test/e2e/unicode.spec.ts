import { describe, expect, it } from '@jest/globals';
import { createTestApp } from '../support/create-test-app.js';
import { expectProblem } from '../support/problems.js';

const MIB = 1024 * 1024;
const { as } = await createTestApp();
const ada = as({ tenant: 'acme' });
const messages = `/conversations/${(await ada.post('/conversations')).body.id}/messages`;
const said = (content: string) => ({ message_from: 'user', content });

const TEXTS: [string, string][] = [
  ['nothing', ''],
  ['spaces around', '  \t a \t  '],
  ['emoji', '😀👍🎉🇩🇪'],
  ['ZWJ sequences and skin tones', '👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽 🧑🏿‍🚀'],
  ['CJK', '漢字かな交じり文 한국어 繁體字 𠮷野家'],
  ['right-to-left', 'שלום عليكم \u202Eoverride\u202C \u200F'],
  ['combining characters', 'e\u0301 vs \u00e9, Z\u0351\u036b\u0343a\u0321l\u0489g\u034fo'],
  ['characters of four bytes at the end of Unicode', '𝕏\u{10FFFF}\u{1F9FF}'],
  ['no-characters and private ones', '\uFFFE\uFFFF\uFEFF\uE000\uFFFD'],
  ['line ends', 'a\nb\r\nc\rd\u2028e\u2029f\u0085g\n'],
  [
    'all control characters but NUL',
    String.fromCharCode(...Array.from({ length: 31 }, (_, n) => n + 1)) + '\x7f',
  ],
  ['quotes and backslashes', `\\ \\\\ \\n ' '' " \` \\' \\" \\0 \\u0041`],
  ['SQL', `'); DROP TABLE message; -- % _ ? :name @x #`],
  ['formats', '%s %d %00 %E2%98%83 ${x} {{x}} <b>&amp;</b>'],
  ['JSON', '{"a":[1,null]}'],
];

describe('the content of a message', () => {
  it.each(TEXTS)('is kept byte for byte: %s', async (_, content) => {
    const appended = await ada.post(messages, said(content));
    const batch = await ada.post(`${messages}/batch`, { messages: [said('other'), said(content)] });

    expect([appended.status, batch.status]).toEqual([201, 201]);
    const read = await ada.get(`${messages}/${appended.body.id}`);
    const listed = await ada.get(messages, { query: { order: 'recent', page_size: 3 } });
    const contents = [
      appended.body,
      batch.body.data[1],
      read.body,
      listed.body.data[0],
      listed.body.data[2],
    ].map((message) => Buffer.from(message.content).toString('hex'));
    expect(contents).toEqual(Array(5).fill(Buffer.from(content).toString('hex')));
  });

  it('is the same whether its characters were escaped or not', async () => {
    const escaped = await ada.post(
      messages,
      '{"message_from":"user","content":"\\ud83d\\ude00\\u00e9\\/\\u0001"}',
    );

    expect(escaped.body.content).toBe('😀é/\u0001');
  });

  it.each([
    ['letters', 'x'.repeat(MIB)],
    ['four bytes each', '😀'.repeat(MIB / 4)],
    ['three bytes each', '漢'.repeat(Math.floor(MIB / 3)) + 'x'],
    ['what SQL has to escape', "'".repeat(MIB)],
    ['line ends', '\n'.repeat(MIB - 500)],
  ])('may have exactly 1 MiB in UTF-8, of %s, and not a byte more', async (_, content) => {
    const appended = await ada.post(messages, said(content));
    expect(appended.status).toBe(201);
    const read = await ada.get(`${messages}/${appended.body.id}`);
    expect(read.body.content === content).toBe(true);

    const padding = 'x'.repeat(MIB + 1 - Buffer.byteLength(content));
    expectProblem(await ada.post(messages, said(content + padding)), 'validation_failed', '/content');
  });

  it('may have 1 MiB in several messages of a batch', async () => {
    const contents = ['a', '😀', "'", '\\'].map((text) => text.repeat(MIB / Buffer.byteLength(text)));

    const batch = await ada.post(`${messages}/batch`, { messages: contents.map(said) });

    expect(batch.status).toBe(201);
    const { body } = await ada.get(messages, { query: { order: 'recent', page_size: 4 } });
    const read = body.data.map(({ content }: { content: string }) => content).reverse() as string[];
    expect(read.map((content, index) => content === contents[index])).toEqual([true, true, true, true]);
  });

  it.each([
    ['NUL', '"a\\u0000b"'],
    ['half of a surrogate pair', '"\\ud83d"'],
    ['the other half', '"x\\ude00"'],
    ['both in the wrong order', '"\\ude00\\ud83d"'],
  ])('cannot have %s', async (_, content) => {
    const refused = await ada.post(messages, `{"message_from":"user","content":${content}}`);
    const batch = await ada.post(
      `${messages}/batch`,
      `{"messages":[{"message_from":"user","content":${content}}]}`,
    );

    expectProblem(refused, 'validation_failed', '/content');
    expectProblem(batch, 'validation_failed', '/messages/0/content');
  });
});

describe('the short texts', () => {
  const fields = TEXTS.filter(([, text]) => text !== '');

  it.each(fields)('of a conversation and a message are kept byte for byte: %s', async (_, text) => {
    const short = Array.from(text).slice(0, 64).join('');
    const texts = { topic: text, agent_mode: short, agent_type: short, invoke_from: short };
    const json = { [text]: [text], deeper: { text } };

    const created = await ada.post('/conversations', { ...texts, inputs: json, extend_properties: json });
    const message = await ada.post(messages, { ...said(''), feedback: text, metadata: json });

    expect([created.status, message.status]).toEqual([201, 201]);
    expect(created.body).toMatchObject({ ...texts, inputs: json, extend_properties: json });
    expect((await ada.get(`/conversations/${created.body.id}`)).text).toBe(created.text);
    expect((await ada.get('/conversations', { query: { page_size: 1 } })).body.data).toEqual([created.body]);
    expect(message.body).toMatchObject({ feedback: text, metadata: json });
    expect((await ada.get(`${messages}/${message.body.id}`)).text).toBe(message.text);
  });

  it('count a character of four bytes as one', async () => {
    const topic = '\u{10FFFF}'.repeat(255);
    const created = await ada.post('/conversations', { topic });

    expect(created.body.topic).toBe(topic);
    expect((await ada.get(`/conversations/${created.body.id}`)).body.topic).toBe(topic);
    expectProblem(await ada.post('/conversations', { topic: `${topic}x` }), 'validation_failed', '/topic');
  });

  it('of who writes are kept too', async () => {
    const name = 'Zoë 👩‍🚀 O’Brien';
    const zoe = as({ tenant: 'acme', sub: 'zoe@example.jp', name, role: 'роль' });

    const { body } = await zoe.post('/conversations');

    expect(body).toMatchObject({
      created_by: 'zoe@example.jp',
      created_by_name: name,
      created_by_role: 'роль',
      user_id: 'zoe@example.jp',
    });
    expect((await ada.get(`/conversations/${body.id}`)).body).toEqual(body);
  });
});
