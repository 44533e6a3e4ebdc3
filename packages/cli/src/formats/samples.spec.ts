import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { type Reading, readFile } from '../reading/reader.js';
import { Recogniser } from './recognise.js';
import { FORMATS } from './table.js';

const SAMPLES = join(import.meta.dirname, '../../samples');
const samples = readdirSync(SAMPLES);

function read(sample: string, format?: string): Promise<Reading[]> {
  return Array.fromAsync(readFile(join(SAMPLES, sample), new Recogniser(format), { bytes: 0 }));
}

/** Which format a sample is of stands before its first dot, and what is special about it behind a hyphen. */
const isOf = (sample: string, format: string) =>
  sample.startsWith(`${format}.`) || sample.startsWith(`${format}-`);

const messagesOf = (reading: Reading) => ('draft' in reading ? reading.draft.messages : []);

describe('the formats', () => {
  it.each(samples)('read %s', async (sample) => {
    const readings = await read(sample);

    expect(
      readings.map(({ place, entries: _entries, source: _source, ...rest }) =>
        'draft' in rest ? { place, format: rest.format.name, ...rest.draft } : { place, fault: rest.fault },
      ),
    ).toMatchSnapshot();
  });

  it.each(samples.filter((sample) => sample !== 'parts.jsonl'))(
    'leave no message of %s empty',
    async (sample) => {
      const messages = (await read(sample)).flatMap(messagesOf);

      expect(messages.length).toBeGreaterThan(0);
      const isSilent = ({ content, parts, redacted }: (typeof messages)[number]) =>
        content === '' && parts === null && redacted !== true;
      expect(messages.filter(isSilent)).toEqual([]);
    },
  );

  it.each([
    ['chatgpt-memory.json', ['Be brief', 'Has a sloop', '9 m']],
    ['claude-paste.json', ['What is a jib?']],
    ['librechat-prompt.json', ['Be brief.', '42', 'Is it 42?', 'The model is busy']],
    ['openwebui-prompt.json', ['Answer in rhyme.', 'Model not found', 'It comes, it goes']],
  ])('find the words of %s wherever they stand', async (sample, words) => {
    const drafts = (await read(sample)).flatMap((reading) => ('draft' in reading ? [reading.draft] : []));
    const ways = drafts.flatMap(({ messages, branches = [] }) => [
      messages,
      ...branches.map((way) => way.messages),
    ]);
    const said = ways.flat().map(({ content }) => content);

    expect(said.filter((content) => content === '')).toEqual([]);
    for (const some of words) expect(said.join('\n')).toContain(some);
  });

  it.each(['librechat-prompt.json', 'openwebui-prompt.json'])(
    'make the system prompt of %s the first message, of its branches too',
    async (sample) => {
      for (const reading of await read(sample)) {
        if (!('draft' in reading)) throw new Error(reading.fault);
        const { messages, branches = [] } = reading.draft;
        const ways = [messages, ...branches.map((way) => way.messages)];
        expect(ways.map(([first]) => first?.message_from)).toEqual(['system', 'system']);
      }
    },
  );

  it('each have a sample, which it knows', async () => {
    for (const { name } of FORMATS) {
      const own = samples.filter((sample) => isOf(sample, name));
      expect([name, own.length]).toEqual([name, expect.any(Number)]);
      const readings = (await Promise.all(own.map((sample) => read(sample)))).flat();
      expect(readings.map((reading) => reading.format?.name)).toContain(name);
    }
  });

  it('can be chosen by name', async () => {
    const readings = await read('messages-one.json', 'anthropic');
    expect(readings.map(({ format }) => format?.name)).toEqual([undefined]);
    const chosen = await read('openai.jsonl', 'openai');
    expect(chosen.map(({ format }) => format?.name)).toEqual(['openai', 'openai']);
  });
});
