import { afterAll, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const PACKAGE = join(import.meta.dirname, '..');
const ROLLDOWN = join(PACKAGE, '../../node_modules/rolldown/bin/cli.mjs');

const folder = mkdtempSync(join(tmpdir(), 'colloquy-client-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('has at most 5 KB, minified and compressed', () => {
  const file = join(folder, 'client.js');

  execFileSync(process.execPath, [ROLLDOWN, 'src/index.ts', '--minify', '--file', file], {
    cwd: PACKAGE,
    stdio: ['ignore', 'ignore', 'inherit'],
  });

  const size = gzipSync(readFileSync(file)).length;
  expect(size).toBeLessThanOrEqual(5_000);
});
