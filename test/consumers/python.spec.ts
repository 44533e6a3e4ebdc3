import { expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createTestApp } from '../support/create-test-app.js';
import { emptyProject } from './client-package.js';
import { command } from './command.js';
import { describeInstalled, folderOf } from './installed.js';

const service = await createTestApp({ environment: { AUTH_MODE: 'none' } });
const url = await service.listen();
const project = await emptyProject();
const [, example = ''] =
  /```python\n(.*?)```/s.exec(readFileSync(join(import.meta.dirname, '../../docs/clients.md'), 'utf8')) ?? [];

describeInstalled('python', 'a service in Python', () => {
  it('generates a client, and does what docs/clients.md shows', async () => {
    const folder = folderOf('python');
    const bin = join(folder, '.venv/bin');
    const config = ['--config', join(folder, 'config.yml'), '--meta', 'none', '--output-path', 'colloquy'];
    const env = { COLLOQUY_URL: url, PYTHONPATH: project };
    await writeFile(join(project, 'example.py'), example);

    const generated = await command(
      join(bin, 'openapi-python-client'),
      ['generate', '--fail-on-warning', '--url', `${url}/openapi.json`, ...config],
      { cwd: project, env: { PATH: `${bin}:${process.env.PATH ?? ''}` } },
    );
    const printed = await command(join(bin, 'python'), ['example.py'], { cwd: project, env });

    expect(generated).not.toMatch(/warning/i);
    expect(printed.split('\n')).toEqual([
      '1 user A table for 2, please.',
      '2 agent Inside or outside?',
      'True',
      'completed',
      'conversation_not_found True',
      '',
    ]);
  });
});
