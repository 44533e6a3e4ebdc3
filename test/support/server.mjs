// A private, throw-away MariaDB or MySQL server: its own directory, its own port, nothing durable.
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import mysql from 'mysql2/promise';
import { findServer, freePort, initialize, MYSQL_MISSING, roomyDirectory } from './machine.ts';

const START_TIMEOUT_MS = 60_000;
const CACHE = join(import.meta.dirname, '../../node_modules/.cache/colloquy');

/** Where a server is named whose user may create databases, none is started. */
export const NAMED_SERVER = { mariadb: 'TEST_DATABASE_URL', mysql: 'TEST_MYSQL_URL' };

export const hasServer = (kind) => Boolean(process.env[NAMED_SERVER[kind]] || findServer(kind));

/**
 * Starts a server and resolves with `{ url, port, stop }`; its user may create databases.
 * `args` are server options that replace the fast, forgetful defaults; `parent` is where its directory is made.
 */
export async function startServer({
  kind = 'mariadb',
  database = 'colloquy',
  args = [],
  parent = roomyDirectory(2 ** 30),
} = {}) {
  const server = findServer(kind);
  if (!server)
    throw new Error(kind === 'mysql' ? MYSQL_MISSING : 'No mariadbd found. Install mariadb-server.');

  const directory = mkdtempSync(join(parent, 'colloquy-db-'));
  const guardian = guard(directory);
  try {
    cpSync(emptyDataDirectory(kind, server), join(directory, 'data'), { recursive: true });
    const port = await freePort();
    guardian.start(server, [...serverOptions(directory, port), ...args]);
    const connection = await connectWhenReady(directory, guardian);
    await connection.query(`CREATE DATABASE \`${database}\` CHARACTER SET utf8mb4`);
    await connection.query(`CREATE USER 'app'@'127.0.0.1' IDENTIFIED BY 'app'`);
    await connection.query(`GRANT ALL ON *.* TO 'app'@'127.0.0.1' WITH GRANT OPTION`);
    await connection.end();
    return { url: `mysql://app:app@127.0.0.1:${port}/${database}`, port, stop: guardian.stop };
  } catch (error) {
    await guardian.stop();
    throw error;
  }
}

/** The guardian owns the server: it ends it, and removes its directory, when our end of its stdin closes. */
function guard(directory) {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'server-guardian.mjs'), directory], {
    stdio: ['pipe', 'ignore', 'inherit'],
    detached: true, // Ctrl-C reaches us, not it; then our end of the pipe closes
  });
  child.stdin.on('error', () => {}); // it ended first; `ended` says so
  child.unref();
  child.stdin.unref();
  const guardian = {
    ended: false,
    start: (server, options) => child.stdin.write(`${JSON.stringify([server, ...options])}\n`),
    stop: async () => {
      child.ref();
      child.stdin.end();
      await exit;
    },
  };
  const exit = new Promise((resolve) => child.once('exit', resolve)).then(() => (guardian.ended = true));
  return guardian;
}

async function connectWhenReady(directory, guardian) {
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    try {
      return await mysql.createConnection({ socketPath: join(directory, 'socket'), user: 'root' });
    } catch (cause) {
      if (guardian.ended)
        throw new Error('The test database server did not start: see its log above.', { cause });
      if (Date.now() > deadline) throw new Error('The test database server does not answer.', { cause });
      await sleep(50);
    }
  }
}

const serverOptions = (directory, port) => [
  '--no-defaults',
  `--user=${userInfo().username}`, // both servers refuse to run as root unless told to
  `--datadir=${directory}/data`,
  // A server that starts removes the temporary tables that it finds, those of another one too.
  `--tmpdir=${directory}`,
  `--socket=${directory}/socket`,
  `--pid-file=${directory}/pid`,
  `--log-error=${directory}/error.log`,
  `--port=${port}`,
  '--bind-address=127.0.0.1',
  '--loose-mysqlx=OFF',
  '--skip-name-resolve',
  '--skip-log-bin',
  '--max-connections=300',
  '--character-set-server=utf8mb4',
  '--default-time-zone=+00:00',
  '--log-output=TABLE',
  '--performance-schema=OFF',
  '--innodb-buffer-pool-size=64M',
  '--innodb-buffer-pool-load-at-startup=0',
  '--innodb-buffer-pool-dump-at-shutdown=0',
  '--innodb-flush-log-at-trx-commit=0',
  '--innodb-doublewrite=0',
  '--innodb-fast-shutdown=2',
  '--loose-innodb-log-file-size=16M',
  '--loose-innodb-flush-method=nosync',
];

/** Making an empty data directory takes seconds, copying one does not: one is kept per server version. */
function emptyDataDirectory(kind, server) {
  const version = execFileSync(server, ['--no-defaults', '--version'], { encoding: 'utf8' });
  const [, number] = /Ver (\S+)/.exec(version) ?? [];
  const directory = join(CACHE, `data-${number}`);
  if (existsSync(directory)) return directory;

  mkdirSync(CACHE, { recursive: true });
  const draft = mkdtempSync(`${directory}.`);
  try {
    initialize(kind, server, draft, userInfo().username);
    renameSync(draft, directory);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    if (!existsSync(directory)) throw error; // else another run was faster, and its copy will do
  }
  return directory;
}
