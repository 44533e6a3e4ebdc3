import { createReadStream } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { createGunzip, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { formatNumber } from '../../packages/cli/src/progress.js';
import { colloquy } from '../support/colloquy-cli.js';
import { createTestApp } from '../support/create-test-app.js';
import { isDeep } from '../support/depth.js';
import { EXACT_JSON } from '../support/samples.js';

interface Dialogue {
  dialogue_id: string;
  services: string[];
  messages: { role: 'user' | 'assistant'; content: string; metadata: object }[];
}
type Line = Record<string, unknown>;

const FILE = join(import.meta.dirname, '../data/sgd-dev.jsonl.gz');
/** It takes minutes, most of them the command's own, so that one engine has to do. */
const isWhole = isDeep && testEngine === 'mariadb';
/** Of the file's 2,098, with 38,768 messages. */
const DIALOGUES = isWhole ? 2_098 : 150;
/** Of the one large conversation. */
const MANY = isWhole ? 20_000 : 2_500;
const LARGE = isWhole ? 60 : 10;
const MiB = 1024 * 1024;

const { as, listen } = await createTestApp({ environment: { LOG_LEVEL: 'warn' } });
let url: string;
let folder: string;
let file: string;
let dialogues: Dialogue[];
let counts: string;

beforeAll(async () => {
  url = await listen();
  folder = await mkdtemp(join(tmpdir(), 'colloquy-import-'));
  file = join(folder, 'dialogues.jsonl.gz');
  const lines = (await text(createReadStream(FILE).pipe(createGunzip()))).split('\n').slice(0, DIALOGUES);
  await writeFile(file, gzipSync(`${lines.join('\n')}\n`));
  dialogues = lines.map((line) => JSON.parse(line) as Dialogue);
  const messages = dialogues.flatMap((dialogue) => dialogue.messages).length;
  counts = `${formatNumber(DIALOGUES)} conversations and ${formatNumber(messages)} messages`;
});
afterAll(() => rm(folder, { recursive: true }));

const importInto = (tenant: string, ...args: string[]) =>
  colloquy('import', args, { url, identity: { tenant } });

async function exportOf(tenant: string): Promise<string> {
  const file = join(folder, `${tenant}.jsonl`);
  const { exitCode } = await colloquy('export', ['--out', file], { url, identity: { tenant } });
  expect(exitCode).toBe(0);
  return file;
}

const linesOf = async (file: string): Promise<Line[]> =>
  (await readFile(file, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);

/** Members that are of the service that a conversation is in. */
const OF_SERVICE =
  /"(id|conversation_id|tenant_id|(created|updated)_by(_name|_role)?|updated_time|version|forked_from)":(null|\d+|"[^"]*"|\{[^}]*\}),?/g;

/**
 * An export as text by the names of its conversations, without what another service may have otherwise, and with the
 * name that an import gives. (Those of one millisecond are in any order.)
 */
async function comparable(file: string): Promise<Map<string, string>> {
  const [first = '', ...lines] = (await readFile(file, 'utf8')).trimEnd().split('\n');
  const last = lines.pop() ?? '';
  const conversations = new Map([['first and last', (first + last).replace(/"events_after":"[^"]+"/g, '')]]);
  let name = '';
  for (const line of lines) {
    const { id, external_id } = JSON.parse(line) as { id?: string; external_id?: string | null };
    name = id === undefined ? name : (external_id ?? id);
    const text = (id === undefined ? line : nameOnce(line, name))
      .replace(OF_SERVICE, '')
      .replace(/"redacted_time":"[^"]*"/g, '"redacted_time":true');
    // Where a line ends depends on how long ids of the service are.
    conversations.set(name, `${conversations.get(name) ?? ''}${text}`.replace(']}{"messages":[', ','));
  }
  return conversations;
}

function nameOnce(line: string, id: string): string {
  const messages = line.indexOf('"messages":[');
  return (
    line.slice(0, messages).replace('"external_id":null', `"external_id":"${id}"`) + line.slice(messages)
  );
}

describe('the import', () => {
  it('stores real dialogues, and nothing twice', async () => {
    const first = await importInto('acme', file, '--concurrency', '8');

    expect(first.notes).toEqual([`${file}: Schema-Guided Dialogues`]);
    expect(first.printed).toMatch(`${counts} stored; 0 already there; 0 left out; `);
    expect(first.exitCode).toBe(0);
    const lines = (await linesOf(await exportOf('acme'))).slice(1, -1);
    const stored = new Map(lines.map((line) => [line['external_id'], line]));
    const different = dialogues.filter((dialogue) => {
      const { messages, topic, status, extend_properties } = stored.get(`sgd:${dialogue.dialogue_id}`) ?? {};
      const said = (messages as Line[] | undefined)?.map(({ message_from, content, metadata }) => [
        message_from,
        content,
        metadata,
      ]);
      return JSON.stringify([topic, status, extend_properties, said]) !== JSON.stringify(expected(dialogue));
    });
    expect(different.map(({ dialogue_id }) => dialogue_id)).toEqual([]);
    expect(stored.size).toBe(DIALOGUES);

    const second = await importInto('acme', file, '--concurrency', '8');

    expect(second.printed).toMatch(
      `0 conversations and 0 messages stored; ${formatNumber(DIALOGUES)} already there; 0 left out; `,
    );
    expect(second.exitCode).toBe(0);
  }, 600_000);

  it('of an export gives the same bytes again', async () => {
    const exported = await exportOf('acme');

    const result = await importInto('copy', exported, '--concurrency', '8');

    expect(result.printed).toMatch(`${counts} stored`);
    const [before, after] = [await comparable(exported), await comparable(await exportOf('copy'))];
    expect([...before].filter(([name, text]) => after.get(name) !== text)).toEqual([]);
    expect(after.size).toBe(DIALOGUES + 1);
  }, 600_000);
});

const expected = ({ services, messages }: Dialogue) => [
  messages
    .find(({ role }) => role === 'user')
    ?.content.trim()
    .slice(0, 255),
  'completed',
  { services },
  messages.map(({ role, content, metadata }) => [role === 'user' ? 'user' : 'agent', content, metadata]),
];

describe('an export that has all that a conversation can have', () => {
  it('is imported with every member, and again without a change', async () => {
    const client = as({ tenant: 'rich' });
    const [parts, metadata] = [
      EXACT_JSON.slice(0, 4).map((json) => json.replace('{', '{"type":"x",')),
      EXACT_JSON.at(-1) ?? '{}',
    ];
    const body = `{"topic":"Rich","status":"paused","user_id":null,"agent_id":"desk:1","assignment_id":"a@b","agent_mode":"m",
      "agent_type":"t","invoke_from":"web","inputs":${EXACT_JSON[0] ?? ''},"extend_properties":${EXACT_JSON[5] ?? ''},"messages":[
      {"message_from":"user","content":"","parts":[${parts.join(',')}],"metadata":${metadata},"external_id":"m-1","run_id":"run|1"},
      {"message_from":"agent","content":"said\\u2028\\n","input_tokens":3,"answer_tokens":4,"total_tokens":9,"feedback":"good","agent_id":"other","user_id":"bob"},
      {"message_from":"tool","content":"secret","metadata":{"a":1},"hidden":true}]}`;
    const { status, body: created } = await client.post('/conversations', body);
    expect(status).toBe(201);
    await client.post('/conversations', {
      topic: 'Named',
      external_id: 'mine',
      extend_properties: {},
      user_id: 'ada',
    });
    const { body: messages } = await client.get(`/conversations/${created.id}/messages`);
    await client.post(`/conversations/${created.id}/messages/${messages.data[2].id}/redact`);
    await client.post(`/conversations/${created.id}/fork`, { up_to_sequence: 2 });
    const exported = await exportOf('rich');

    expect((await importInto('rich-copy', exported)).exitCode).toBe(0);

    const copy = await exportOf('rich-copy');
    expect(await comparable(copy)).toEqual(await comparable(exported));
    expect((await importInto('rich-copy', exported)).printed).toMatch('; 3 already there; 0 left out');
    await rm(copy);
    expect(await comparable(await exportOf('rich-copy'))).toEqual(await comparable(exported));
  });

  it('keeps what is blank, empty or as long as it may be, and who said it', async () => {
    const client = as({ tenant: 'literal' });
    const long = '😀'.repeat(64);
    for (const topic of ['  two blanks  ', '\t', '\ufeffmark', '😀'.repeat(255)])
      for (const word of ['', ' ', long]) {
        const created = await client.post('/conversations', {
          topic,
          agent_mode: word,
          agent_type: word,
          invoke_from: word,
          messages: [
            { message_from: 'user', content: 'first words', feedback: word && '😀'.repeat(2_000) },
            { message_from: 'user', parts: [{ type: 'tool_result', content: 'x' }] },
            { message_from: 'agent', parts: [{ type: 'tool-result' }] },
          ],
        });
        expect(created.status).toBe(201);
      }
    const exported = await exportOf('literal');

    expect((await importInto('literal-copy', exported)).exitCode).toBe(0);

    expect(await comparable(await exportOf('literal-copy'))).toEqual(await comparable(exported));
  });

  it('brings each conversation into its unit, unless another one is named', async () => {
    const client = as({ tenant: 'units' });
    for (const tenant_unit_id of ['north', 'south', undefined])
      await client.post(
        '/conversations',
        {
          topic: `Of ${tenant_unit_id ?? 'nobody'}`,
          external_id: 'same',
          messages: [{ message_from: 'user', content: tenant_unit_id ?? 'nobody' }],
        },
        { query: { ...(tenant_unit_id && { tenant_unit_id }) } },
      );
    const exported = await exportOf('units');
    const unitsOf = async (tenant: string) =>
      (await linesOf(await exportOf(tenant)))
        .slice(1, -1)
        .map(({ topic, tenant_unit_id, messages }) => [
          topic,
          tenant_unit_id,
          (messages as Line[])[0]?.['tenant_unit_id'],
        ]);

    expect((await importInto('units-copy', exported)).exitCode).toBe(0);

    expect(await unitsOf('units-copy')).toEqual([
      ['Of north', 'north', 'north'],
      ['Of south', 'south', 'south'],
      ['Of nobody', null, null],
    ]);
    expect((await importInto('units-copy', exported)).printed).toMatch('; 3 already there; 0 left out');
    const north = await colloquy('import', [exported], {
      url,
      identity: { tenant: 'units-north', unit: 'north' },
    });
    expect([north.exitCode, north.printed]).toEqual([
      1,
      expect.stringMatching('1 conversation and 1 message stored; .* 2 left out'),
    ]);
    expect(north.notes.join()).toMatch('tenant_unit_forbidden; --unit brings');
    const west = await importInto('units-west', exported, '--unit', 'west');
    expect([west.exitCode, (await unitsOf('units-west'))[0]]).toEqual([1, ['Of north', 'west', 'west']]);
  });

  it.each([
    ['many messages', MANY, (index: number) => `message ${index}`],
    ['messages of 1 MiB', LARGE, (index: number) => String(index).padEnd(MiB, index % 6 === 0 ? '"' : 'x')],
  ])(
    'is whole with %s',
    async (name, count, contentOf) => {
      const tenant = `large-${count}`;
      const source = join(folder, `${tenant}-source.jsonl`);
      const messages = Array.from({ length: count }, (_, index) => ({
        role: 'user',
        content: contentOf(index),
      }));
      await writeFile(
        source,
        JSON.stringify({ id: name.replaceAll(' ', '-'), created_at: 1_700_000_000, messages }),
      );

      expect((await importInto(tenant, source)).exitCode).toBe(0);
      const exported = await exportOf(tenant);
      const { exitCode, printed } = await importInto(`${tenant}-copy`, exported);

      expect([exitCode, printed]).toEqual([
        0,
        expect.stringContaining(`1 conversation and ${formatNumber(count)} messages stored`),
      ]);
      const copy = await comparable(await exportOf(`${tenant}-copy`));
      const original = await comparable(exported);
      // Not by toEqual, whose complaint would be 60 MiB.
      expect([...copy.keys()]).toEqual([...original.keys()]);
      expect([...original].filter(([key, value]) => copy.get(key) !== value).map(([key]) => key)).toEqual([]);
      expect((await importInto(tenant, source)).printed).toMatch('1 already there');
    },
    600_000,
  );
});
