import { beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTestApp } from '../support/create-test-app.js';
import { CLIENT, emptyProject, installClient } from './client-package.js';
import { command } from './command.js';
import { describeInstalled, folderOf, OLDEST_NODE } from './installed.js';

const service = await createTestApp({ environment: { AUTH_MODE: 'none' } });
const url = await service.listen();
const project = await emptyProject();
const examples = [
  ...readFileSync(join(CLIENT, 'README.md'), 'utf8').matchAll(/```ts\n(?<code>.*?)```/gs),
].map(({ groups }) => groups?.code ?? '');

beforeAll(async () => {
  await installClient(project);
  await writeFile(join(project, 'first.ts'), (examples[0] ?? '').replace('http://127.0.0.1:3000', url));
  // Together they are one program, but for what a stranger has of their own.
  const own = 'declare function fetchToken(): Promise<string>;';
  await writeFile(join(project, 'all.ts'), [...examples, own].join('\n'));
  await copyFile(join(import.meta.dirname, 'types.ts'), join(project, 'types.ts'));
});

const FIRST_PRINTS = [
  '1 user A table for 2, please.',
  '2 tool {"free": 3}',
  '3 agent Inside or outside?',
  '',
].join('\n');

/** Strict, declarations of libraries included, and with nothing but what was installed. */
const compile = (typescript: string, ...options: string[]) => {
  const tsc = join(typescript, 'bin/tsc');
  const args = [tsc, 'first.ts', 'all.ts', 'types.ts', '--strict', '--noEmit', '--target', 'es2022'];
  return command(process.execPath, [...args, ...options], { cwd: project });
};

describe('a stranger with an empty project', () => {
  it('installs the package, without any other', async () => {
    const list = await command('npm', ['ls', '--all', '--parseable'], { cwd: project });

    expect(list.trim().split('\n').slice(1)).toEqual([join(project, 'node_modules/@colloquy/client')]);
  });

  it.each([...new Set([process.execPath, OLDEST_NODE])])(
    'runs the first example of the README with %s',
    async (node) => {
      const printed = await command(node, ['first.ts'], { cwd: project });

      expect(printed).toBe(FIRST_PRINTS);
    },
  );

  it.each([['nodenext'], ['esnext', '--moduleResolution', 'bundler']])(
    'compiles all examples, and types of their own, with TypeScript 6 as %s',
    (...module) => compile(join(CLIENT, '../../node_modules/typescript'), '--module', ...module),
  );
});

describeInstalled('frameworks', 'a stranger with an older TypeScript', () => {
  it('compiles all examples, and types of their own, with TypeScript 5.9', () =>
    compile(join(folderOf('frameworks'), 'node_modules/typescript59'), '--module', 'nodenext'));
});

describeInstalled('runtimes', 'a stranger without Node.js', () => {
  it.each([
    ['Deno', '.bin/deno', ['run', '--allow-net', '--no-remote']],
    // What `bun` itself puts into .bin is fetched by a script of its installation, and none is run.
    ['Bun', `@oven/bun-${process.platform}-${process.arch}/bin/bun`, ['run']],
  ])('runs the first example of the README with %s', async (_, program, args) => {
    const binary = join(folderOf('runtimes'), 'node_modules', program);

    const printed = await command(binary, [...args, 'first.ts'], { cwd: project });

    expect(printed).toBe(FIRST_PRINTS);
  });
});
