import { describe, expect, it } from '@jest/globals';
import { isObject } from '../json.js';
import type { ReadCount } from './bytes.js';
import type { Found } from './splitter.js';
import { valuesIn } from './values.js';

const MiB = 1024 * 1024;

/** As it would come from a slow pipe: cut anywhere. */
async function* cut(text: string, size: number): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text);
  for (let start = 0; start < bytes.length; start += size) {
    yield await Promise.resolve(bytes.subarray(start, start + size));
  }
}

const isEntry = (value: unknown) => isObject(value) && 'chat' in value;
const read = (text: string, size = 7): Promise<Found[]> =>
  Array.fromAsync(valuesIn(cut(text, size), isEntry));
const values = (found: Found[]) =>
  found.map((one) => ('value' in one ? one.value : `${one.place}: ${one.fault}`));

describe('the values of a text', () => {
  it.each([
    ['a document', '{"chat": 1,\n "x": [{"y": "}"}]}', [{ chat: 1, x: [{ y: '}' }] }]],
    ['lines', '{"chat":1}\n\n{"chat":"a\\"b"}\r\n', [{ chat: 1 }, { chat: 'a"b' }]],
    [
      'a broken line among lines',
      '{"chat":1}\n{"chat":\n{"chat":3}',
      [{ chat: 1 }, 'line 2: not valid JSON', { chat: 3 }],
    ],
    [
      'a broken first line',
      '{"chat":\n{"chat":2}\n{"chat":3}',
      ['line 1: not valid JSON', { chat: 2 }, { chat: 3 }],
    ],
    ['documents behind each other', '{\n"chat": 1\n}\n{\n"chat": 2\n}', [{ chat: 1 }, { chat: 2 }]],
    [
      'a list that was cut off',
      '[{"chat": 1},\n{"chat": 2},\n{"ch',
      [{ chat: 1 }, { chat: 2 }, 'line 3: the text ends in the middle'],
    ],
    [
      'a member that was cut off',
      '{"v": 1, "chats": [{"chat": 1},\n{"chat"',
      [{ chat: 1 }, 'line 2: the text ends in the middle'],
    ],
    ['a table', 'role,content\nuser,"a, ""b"""\n', [{ role: 'user', content: 'a, "b"' }]],
    [
      'JSON in a table',
      'id;messages\n1;"[{""role"": ""user""}]"\n',
      [{ id: '1', messages: [{ role: 'user' }] }],
    ],
    ['nothing', ' \n ', []],
    ['prose', 'Dear Ada,\nhow are you?', []],
  ])('are read from %s', async (_name, text, expected) => {
    expect(values(await read(text))).toEqual(expected);
  });

  const chat = (number: number) => ({ chat: number, text: 'x'.repeat(4_000) });
  const many = Array.from({ length: 4_200 }, (_, index) => chat(index));

  it.each([
    ['a list', JSON.stringify(many)],
    ['a list of a member', JSON.stringify({ version: 1, chats: many, end: true })],
    ['members', JSON.stringify(Object.fromEntries(many.map((one, index) => [`name "${index}"`, one])))],
  ])('are cut from %s too large to be read at once', async (_name, text) => {
    expect(text.length).toBeGreaterThan(16 * MiB);

    const found = await read(text, 65_536);

    expect(values(found)).toEqual(many);
    expect(found.at(-1)).toMatchObject({ place: 'entry 4200' });
  });

  it('tell how far they are handed on of what was read ahead', async () => {
    const count: ReadCount = { bytes: 0 };
    async function* bytes() {
      for await (const chunk of cut('{"chat":1}\n'.repeat(50_000), 65_536)) {
        count.bytes += chunk.length;
        yield chunk;
      }
    }
    const seen: number[] = [];

    for await (const found of valuesIn(bytes(), isEntry, count))
      if ('value' in found) seen.push(count.handedOn ?? NaN);

    const pieces = Array.from({ length: 9 }, (_, piece) => piece * 65_536);
    expect([...new Set(seen)].map(Math.round)).toEqual(pieces);
    expect(count).toEqual({ bytes: 550_000, handedOn: undefined });
  });

  it('keep the names of members', async () => {
    const text = JSON.stringify(Object.fromEntries(many.map((one, index) => [`name "${index}"`, one])));

    const found = await read(text, 65_537);

    expect(found.map((one) => 'key' in one && one.key)).toEqual(many.map((_, index) => `name "${index}"`));
  });
});
