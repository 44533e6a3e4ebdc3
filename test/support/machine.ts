import { execFileSync } from 'node:child_process';
import { accessSync, constants, statfsSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
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

/** The servers that Colloquy is tested on. */
export type ServerKind = 'mariadb' | 'mysql';

export const MYSQL_MISSING = `no MySQL server was found. On Debian, tools/fetch-mysql.sh puts one beside the
  system; elsewhere install MySQL 8.0.17 or later, or name its program: MYSQLD=/path/to/mysqld`;

/** The server's program, if it is on this machine. */
export function findServer(kind: ServerKind): string | undefined {
  if (kind === 'mariadb') return findBinary('mariadbd');
  const found = [process.env.MYSQLD, fetchedMysqld(), findBinary('mysqld')];
  return found.find((path) => path !== undefined && isMysql(path));
}

/** Where tools/fetch-mysql.sh puts it. */
const fetchedMysqld = (): string =>
  join(
    process.env.COLLOQUY_MYSQL ??
      join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'colloquy/mysql'),
    'mysqld',
  );

/** `mysqld` may be there and be MariaDB's. */
function isMysql(path: string): boolean {
  return isExecutable(path) && !versionOf(path).includes('MariaDB');
}

/** What a server says of itself, such as `mysqld  Ver 9.7.4 …`. */
const versionOf = (server: string): string =>
  execFileSync(server, ['--no-defaults', '--version'], { encoding: 'utf8' });

/** Makes a data directory whose only account is root, without a password. It takes seconds. */
export function initialize(kind: ServerKind, server: string, directory: string, user: string): void {
  const options = ['--no-defaults', `--user=${user}`, `--datadir=${directory}`];
  if (kind === 'mysql') {
    execFileSync(server, [...options, '--initialize-insecure'], { stdio: 'pipe' });
    return;
  }
  const install = findBinary('mariadb-install-db');
  if (!install) throw new Error('mariadbd is here, but its mariadb-install-db is not.');
  execFileSync(install, [...options, '--auth-root-authentication-method=normal', '--skip-test-db'], {
    stdio: 'pipe',
  });
}
