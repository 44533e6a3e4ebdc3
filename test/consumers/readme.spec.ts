import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createTestApp } from '../support/create-test-app.js';
import { emptyProject } from './client-package.js';
import { command } from './command.js';

const ROOT = join(import.meta.dirname, '../..');
const README = readFileSync(join(ROOT, 'README.md'), 'utf8');

const service = await createTestApp({ environment: { AUTH_MODE: 'none' } });
const url = await service.listen();
const folder = await emptyProject();

/** Pastes the first commands below a heading into a shell, as a reader would. */
async function paste(heading: string): Promise<string> {
  const [, below = ''] = README.split(`\n## ${heading}\n`);
  const [, commands = ''] = /```sh\n(.*?)```/s.exec(below) ?? [];
  const here = commands
    .replaceAll('http://127.0.0.1:3000', url)
    .replaceAll('--out ', `--out ${folder}/`)
    .replaceAll('/dev/stderr', '/dev/null');
  return command('bash', ['-euo', 'pipefail', '-c', here], { cwd: ROOT, env: { COLLOQUY_URL: url } });
}

describe('the README', () => {
  it('has five requests, which are answered as it says', async () => {
    const printed = await paste('Five requests');

    const [appended = '', listed = '', changed = '', ...deleted] = printed
      .replace(/^.*?(?=\{)/s, '')
      .split(/(?<=\})(?=\{|HTTP)/);
    expect(JSON.parse(appended)).toMatchObject({ sequence: 1, message_from: 'user' });
    expect(JSON.parse(listed)).toMatchObject({ total_count: 1, data: [{ message_count: 1 }] });
    expect(JSON.parse(changed)).toMatchObject({ topic: 'A table for two', status: 'completed' });
    expect(deleted.join('')).toMatch(/^HTTP\/1\.1 204 /);
  });

  it('takes history in and out', async () => {
    const printed = await paste('History in and out');

    expect(printed).toMatch(/^2,098 conversations and 38,768 messages found, nothing sent; 0 left out/m);
    expect(printed).toMatch(/^2 conversations and 9 messages stored; 0 already there; 0 left out/m);
    const { body } = await service.as().get('/conversations');
    expect(body.total_count).toBe(2);
  });
});
