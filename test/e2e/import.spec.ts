import { createReadStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { createGunzip, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { importDialogues } from '../../src/cli/import/importer.js';
import { createTestApp } from '../support/create-test-app.js';
import { isDeep } from '../support/depth.js';
import { runCommand } from '../support/command.js';
import { tokenFor } from '../support/test-client.js';

interface Dialogue {
  dialogue_id: string;
  services: string[];
  messages: { role: 'user' | 'assistant'; content: string; metadata: object }[];
}

const FILE = join(import.meta.dirname, '../data/sgd-dev.jsonl.gz');
/** Of the file's 2,098. */
const DIALOGUES = isDeep ? 2_098 : 150;
const PARALLEL_READS = 8;

const { as, listen } = await createTestApp({ environment: { LOG_LEVEL: 'warn' } });
let url: string;
let folder: string;
let file: string;
let dialogues: Dialogue[];

beforeAll(async () => {
  url = await listen();
  folder = await mkdtemp(join(tmpdir(), 'colloquy-import-'));
  file = join(folder, 'dialogues.jsonl.gz');
  const lines = (await text(createReadStream(FILE).pipe(createGunzip()))).split('\n').slice(0, DIALOGUES);
  await writeFile(file, gzipSync(`${lines.join('\n')}\n`));
  dialogues = lines.map((line) => JSON.parse(line) as Dialogue);
});
afterAll(() => rm(folder, { recursive: true }));

/** A conversation as the import should have left it, and as it is read back; compared as JSON text, to the last byte. */
function expected({ dialogue_id, services, messages }: Dialogue): string {
  return JSON.stringify({
    topic: messages
      .find(({ role }) => role === 'user')
      ?.content.trim()
      .slice(0, 255),
    status: 'completed',
    message_count: messages.length,
    extend_properties: { dialogue_id, services },
    messages: messages.map(({ role, content, metadata }, index) => ({
      sequence: index + 1,
      message_from: role === 'user' ? 'user' : 'agent',
      content,
      metadata,
    })),
  });
}

type Reader = ReturnType<typeof as>;

interface Conversation {
  id: string;
  topic: string;
  status: string;
  message_count: number;
  extend_properties: { dialogue_id: string };
}

async function read(reader: Reader, conversation: Conversation): Promise<string> {
  const { topic, status, message_count, extend_properties } = conversation;
  const { body } = await reader.get(`/conversations/${conversation.id}/messages`, {
    query: { page_size: 200 },
  });
  expect(body.has_next_page).toBe(false);
  const messages = body.data.map(
    ({ sequence, message_from, content, metadata }: Record<string, unknown>) => ({
      sequence,
      message_from,
      content,
      metadata,
    }),
  );
  return JSON.stringify({ topic, status, message_count, extend_properties, messages });
}

async function listAll(reader: Reader): Promise<Conversation[]> {
  const all: Conversation[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const { body } = await reader.get('/conversations', { query: { page_size: 200, cursor } });
    all.push(...body.data);
    cursor = body.next_cursor;
  }
  return all;
}

describe('the import', () => {
  it('stores real dialogues so that every message is read back byte for byte', async () => {
    const identity = { tenant: 'acme', sub: 'importer' };
    const result = await importDialogues({
      file,
      url,
      token: await tokenFor(identity),
      concurrency: 8,
    });

    expect(result).toMatchObject({
      conversations: DIALOGUES,
      messages: dialogues.flatMap(({ messages }) => messages).length,
      failedLines: 0,
      lastLine: DIALOGUES,
      end: 'complete',
    });
    const reader = as(identity);
    const conversations = await listAll(reader);
    const unread = [...conversations];
    const found = new Map<string, string>();
    const readSome = async () => {
      for (let next = unread.pop(); next; next = unread.pop())
        found.set(next.extend_properties.dialogue_id, await read(reader, next));
    };
    await Promise.all(Array.from({ length: PARALLEL_READS }, readSome));

    expect(conversations).toHaveLength(DIALOGUES);
    const different = dialogues.filter((dialogue) => found.get(dialogue.dialogue_id) !== expected(dialogue));
    expect(different.map(({ dialogue_id }) => dialogue_id)).toEqual([]);
    expect(found.size).toBe(DIALOGUES);
  }, 300_000);

  it('runs from the command line, and names what it cannot import', async () => {
    const some = dialogues.slice(0, 20);
    const count = some.flatMap(({ messages }) => messages).length;
    const smallFile = join(folder, 'some.jsonl');
    await writeFile(
      smallFile,
      [...some.map((dialogue) => JSON.stringify(dialogue)), '{"messages": 1}'].join('\n'),
    );

    const identity = { tenant: 'bolt', sub: 'importer' };
    const { exitCode, stdout, stderr } = await runCommand(
      'cli/import.ts',
      [smallFile, '--url', url, '--unit', 'unit-1'],
      {
        COLLOQUY_TOKEN: await tokenFor(identity),
      },
    );

    expect(stderr).toBe('line 21: "messages" is not a list\n');
    expect(stdout).toMatch(`imported 20 conversations, ${count} messages; 1 lines failed; `);
    expect(exitCode).toBe(1);
    const stored = await listAll(as({ ...identity, unit: 'unit-1' }));
    expect(await Promise.all(stored.reverse().map((one) => read(as(identity), one)))).toEqual(
      expect.arrayContaining(some.map(expected)),
    );
    expect(stored).toHaveLength(20);
  }, 60_000);
});
