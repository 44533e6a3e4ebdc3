import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from '@jest/globals';
import { startCommand } from '../support/command.js';
import { freePort } from '../support/machine.js';
import { until } from '../support/until.js';
import { DatabaseServer } from './support/database-server.js';
import { newDirectory } from './support/processes.js';
import { Service } from './support/service.js';

const DIALOGUES = 400;
const folder = newDirectory(tmpdir());
const database = await DatabaseServer.start();
const PORT = String(await freePort());
let service = await Service.start(database.url, { PORT });
afterAll(async () => {
  await service.process.stop();
  await database.stop();
});

const colloquy = (...args: string[]): ChildProcess =>
  startCommand('../packages/cli/src/colloquy.ts', args, { COLLOQUY_URL: service.url });

async function exitCodeOf(child: ChildProcess): Promise<number | null> {
  const [exitCode] = (await once(child, 'exit')) as [number | null];
  return exitCode;
}

async function exported(name: string): Promise<string> {
  const out = join(folder, name);
  expect(await exitCodeOf(colloquy('export', '--out', out))).toBe(0);
  return readFileSync(out, 'utf8');
}

/** Conversations that are stored; as before while nobody can say. */
let stored = 0;
async function conversations(): Promise<number> {
  const answer = await service.send('GET', '/conversations?page_size=1').catch(() => undefined);
  if (answer?.status === 200) stored = Number(answer.body.total_count);
  return stored;
}

describe('an import, while the database and the service die and come back', () => {
  it('waits for both, and stores everything once and in order', async () => {
    const dialogues = gunzipSync(readFileSync(join(import.meta.dirname, '../data/sgd-dev.jsonl.gz')))
      .toString()
      .split('\n')
      .slice(0, DIALOGUES)
      .map((line) => JSON.parse(line) as { dialogue_id: string; messages: { content: string }[] });
    const file = join(folder, 'dialogues.jsonl');
    writeFileSync(file, dialogues.map((dialogue) => JSON.stringify(dialogue)).join('\n'));

    const importing = colloquy('import', file);
    const end = exitCodeOf(importing);
    await until('the import is under way', async () => (await conversations()) > 20);
    await database.kill();
    const refused = await service.send('POST', '/conversations', {});
    await sleep(500);
    await database.start();
    const before = stored;
    await until('it goes on after the database was away', async () => (await conversations()) > before + 20);
    await service.process.kill();
    await sleep(500);
    service = await Service.start(database.url, { PORT });

    expect(refused.status).toBe(503);
    expect(await end).toBe(0);
    const lines = (await exported('after.jsonl')).trimEnd().split('\n').slice(1, -1);
    const said = new Map(
      lines
        .map((line) => JSON.parse(line) as { external_id: string; messages: { content: string }[] })
        .map(({ external_id: id, messages }) => [id, messages.map(({ content }) => content)]),
    );
    expect(lines).toHaveLength(DIALOGUES);
    for (const { dialogue_id: id, messages } of dialogues)
      expect(said.get(`sgd:${id}`)).toEqual(messages.map(({ content }) => content));
  });
});

describe('an export that is killed', () => {
  it('goes on behind what it has, and gives the same bytes', async () => {
    const text = 'x'.repeat(200_000);
    for (let index = 0; index < 150; index++)
      await service.send('POST', '/conversations', {
        agent_id: 'talker',
        messages: [{ message_from: 'user', content: text }],
      });
    const out = join(folder, 'killed.jsonl');
    const filter = ['--agent', 'talker'];

    const killed = colloquy('export', ...filter, '--out', out);
    const end = exitCodeOf(killed);
    // In small steps, or it would be done before anybody has looked.
    const goOnUntil = (what: string, isSo: () => boolean) =>
      until(what, async () => {
        killed.kill('SIGCONT');
        await sleep(20);
        killed.kill('SIGSTOP');
        return isSo();
      });
    await goOnUntil('it writes', () => (statSync(`${out}.part`, { throwIfNoEntry: false })?.size ?? 0) > 0);
    // It keeps what it has every two seconds.
    await sleep(2_500);
    await goOnUntil('it keeps what it has', () => existsSync(`${out}.part.json`));
    killed.kill('SIGKILL');

    expect(await end).toBeNull();
    expect(JSON.parse(readFileSync(`${out}.part.json`, 'utf8'))).toMatchObject({
      mark: { after: expect.any(String) as unknown },
    });
    expect(await exitCodeOf(colloquy('export', ...filter, '--out', out))).toBe(0);
    const whole = join(folder, 'whole.jsonl');
    expect(await exitCodeOf(colloquy('export', ...filter, '--out', whole))).toBe(0);
    const [resumed, unbroken] = [readFileSync(out, 'utf8'), readFileSync(whole, 'utf8')];
    // Not by toEqual, whose complaint would be 30 MB.
    expect(resumed === unbroken).toBe(true);
    expect(resumed).toContain('"conversations":150,');
  });
});
