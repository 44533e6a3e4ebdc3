import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { expect, it } from '@jest/globals';
import { freePort } from '../support/machine.js';
import { until } from '../support/until.js';
import { DatabaseServer } from './support/database-server.js';
import { tell } from './support/figures.js';
import { newDirectory, Process } from './support/processes.js';
import { Service } from './support/service.js';

const ROOT = join(import.meta.dirname, '../..');
const SAMPLES = join(ROOT, 'test/data/sgd-dev.jsonl.gz');
/** Of 2,098; all of them are copied with COPY_DIALOGUES=2098. */
const DIALOGUES = Number(process.env.COPY_DIALOGUES ?? 200);
const KILLS = 2;

it('a consumer that follows the feed has a whole copy after an import, whatever was killed meanwhile', async () => {
  const database = await DatabaseServer.start();
  const directory = newDirectory(tmpdir());
  const [source, copy] = [join(directory, 'dialogues.jsonl'), join(directory, 'copy.sqlite')];
  const lines = gunzipSync(await readFile(SAMPLES))
    .toString()
    .split('\n');
  writeFileSync(source, `${lines.slice(0, DIALOGUES).join('\n')}\n`);
  const environment = { PORT: String(await freePort()) };
  let service = await Service.start(database.url, environment);
  const run = (...args: string[]) =>
    new Process({
      command: process.execPath,
      args: ['--disable-warning=ExperimentalWarning', ...args],
      environment: { COLLOQUY_URL: service.url, HOME: directory },
    });
  const startImport = () =>
    run(
      '--import',
      join(ROOT, 'packages/cli/tools/build-if-stale.mjs'),
      join(ROOT, 'packages/cli/dist/colloquy.js'),
      'import',
      source,
    );
  const startCopy = () => run(join(ROOT, 'docs/examples/copy.mjs'), copy);
  const count = async () =>
    Number((await service.send('GET', '/conversations?page_size=1')).body.total_count);

  let copying = startCopy();
  let importing = startImport();
  const share = Math.floor(DIALOGUES / (3 * KILLS + 1));
  const progress = async () => {
    const goal = Math.min(DIALOGUES, (await count()) + share);
    await until('more is imported', async () => importing.hasEnded || (await count()) >= goal);
  };
  for (let kill = 0; kill < KILLS; kill++) {
    await progress();
    await copying.kill();
    copying = startCopy();
    await progress();
    await service.process.kill();
    service = await Service.start(database.url, environment);
    await progress();
    await database.kill();
    await database.start();
    await until('the service is back', () => service.isReady());
    await importing.kill();
    importing = startImport();
  }
  // What the importer was told of a service that was gone is brought by another run.
  for (let exit = await importing.exit; exit !== 0; exit = await importing.exit) {
    expect(exit).toBe(1);
    importing = startImport();
  }

  let compared = '';
  await until('the copy is whole', async () => {
    await sleep(1_000);
    const comparing = run(join(ROOT, 'docs/examples/copy.mjs'), copy, '--compare');
    const exit = await comparing.exit;
    compared = comparing.output;
    return exit === 0;
  }).catch(() => undefined);
  expect(copying.hasEnded).toBe(false);
  expect(JSON.parse(compared)).toMatchObject({ conversations: DIALOGUES, different: 0, surplus: 0 });
  tell(`a copy of ${DIALOGUES} dialogues, with ${3 * KILLS} x kill -9`, JSON.parse(compared));
  await service.process.stop();
}, 900_000);
