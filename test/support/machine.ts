import { accessSync, constants, statfsSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

// Node.js itself runs this file too, for the .mjs files: nothing in it but types may have to be compiled.

/** Nothing may be left out here because a program is not installed. */
export const isCi = /^(1|true)$/.test(process.env.CI ?? '');

/** Debian keeps servers where only root's PATH looks. */
const DIRECTORIES = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];

/** The path of a program: the first of these names that is installed. */
export const findBinary = (...names: readonly string[]): string | undefined =>
  names.flatMap((name) => DIRECTORIES.map((directory) => join(directory, name))).find(isExecutable);

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || !address) throw new Error('No port.');
  return address.port;
}

/** Memory where there is more of it than this (a container's /dev/shm often is too small), else the disk. */
export function roomyDirectory(bytes: number): string {
  try {
    const { bavail, bsize } = statfsSync('/dev/shm');
    accessSync('/dev/shm', constants.W_OK);
    if (bavail * bsize > bytes) return '/dev/shm';
  } catch {
    // no such directory on this system
  }
  return tmpdir();
}
