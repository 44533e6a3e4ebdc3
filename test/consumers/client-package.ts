import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';
import { command } from './command.js';

export const CLIENT = join(import.meta.dirname, '../../packages/client');

/** An empty project outside of the repository, gone when the file is done. */
export async function emptyProject(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'colloquy-consumer-'));
  afterAll(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  return folder;
}

/** Installs `@colloquy/client` as it would be published. */
export async function installClient(project: string): Promise<void> {
  await command('npm', ['run', 'tarball', '--', '--pack-destination', project], { cwd: CLIENT });
  const filename = (await readdir(project)).find((name) => name.endsWith('.tgz')) ?? '';
  const options = ['--no-save', '--no-package-lock', '--prefer-offline'];
  await command('npm', ['install', ...options, join(project, filename)], { cwd: project });
  await rm(join(project, filename));
}
