import { beforeAll, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTestApp } from '../support/create-test-app.js';
import { installClient } from './client-package.js';
import { command } from './command.js';
import { describeInstalled, folderOf, OLDEST_NODE } from './installed.js';

const FRAMEWORKS = ['openai-agents', 'ai-sdk', 'langchain'];

const service = await createTestApp({ environment: { AUTH_MODE: 'none' } });
const url = await service.listen();
const cwd = folderOf('frameworks');
const docs = readFileSync(join(import.meta.dirname, '../../docs/clients.md'), 'utf8');

describeInstalled('frameworks', 'the adapters', () => {
  beforeAll(() => installClient(cwd));

  it('compile with the types of the real libraries, as they do in docs/clients.md', async () => {
    const examples = [...docs.matchAll(/```ts ?(?<name>\S*)\n(?<code>.*?)```/gs)];
    for (const { groups: { name = '', code = '' } = {} } of examples)
      await writeFile(join(cwd, `docs-${name || 'client'}.gen.ts`), code);

    await command(process.execPath, ['../../../node_modules/typescript/bin/tsc', '-p', '.'], { cwd });

    expect(examples.map(({ groups }) => groups?.name)).toEqual(['', ...FRAMEWORKS]);
  });

  it.each(FRAMEWORKS)('keep what %s puts in', async (framework) => {
    const printed = await command(OLDEST_NODE, ['--test', '--test-reporter=spec', `${framework}.test.ts`], {
      cwd,
      env: { COLLOQUY_URL: url },
    });

    expect(printed).toMatch(/^ℹ fail 0$/m);
  });
});
