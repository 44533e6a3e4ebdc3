import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, readFileSync } from 'node:fs';
import { userInfo, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import {
  findServer,
  freePort,
  initialize,
  MYSQL_MISSING,
  roomyDirectory,
  type ServerKind,
} from '../../support/machine.js';
import { newDirectory, Process } from './processes.js';
import { until } from '../../support/until.js';

/** Debian keeps servers where only root's PATH looks. */
const PATH = `${process.env.PATH}:/usr/sbin:/usr/local/sbin`;
const DATABASE = 'colloquy';
/** Where a test does not name a server itself. */
export const KIND: ServerKind = process.env.FAULTS_ON === 'mysql' ? 'mysql' : 'mariadb';

/** As root, MariaDB runs as its own user: the rsync of a cluster's node gives up root's rights by itself. */
const userOf = (kind: ServerKind): string =>
  process.getuid?.() === 0 && kind === 'mariadb' ? 'mysql' : userInfo().username;

/** A server that keeps what it has acknowledged, and may be killed, frozen and started again. */
export class DatabaseServer {
  #process: Process | undefined;

  private constructor(
    readonly directory: string,
    readonly port: number,
    readonly kind: ServerKind,
    private readonly options: readonly string[],
  ) {}

  /** Whether this machine has such a server. */
  static isInstalled(kind: ServerKind): boolean {
    return findServer(kind) !== undefined;
  }

  /** A server with an empty database that is not started; `seed` is the data directory of another one. */
  static async create({
    options = [],
    seed,
    kind = KIND,
  }: {
    options?: readonly string[];
    seed?: string;
    kind?: ServerKind;
  } = {}) {
    const directory = newDirectory(roomyDirectory(3 * 2 ** 30));
    chown(directory, userOf(kind));
    const server = new DatabaseServer(directory, await freePort(), kind, options);
    execFileSync('cp', ['-a', seed ?? emptyDataDirectory(kind), server.dataDirectory]);
    return server;
  }

  /** A server that runs, with an empty database. */
  static async start(options: readonly string[] = [], kind: ServerKind = KIND): Promise<DatabaseServer> {
    const server = await DatabaseServer.create({ options, kind });
    await server.start();
    await server.prepare();
    return server;
  }

  get dataDirectory(): string {
    return join(this.directory, 'data');
  }

  get url(): string {
    return `mysql://app:app@127.0.0.1:${this.port}/${DATABASE}`;
  }

  /** Ready when it takes statements. */
  async start(...options: string[]): Promise<void> {
    const server = new Process({
      command: programOf(this.kind),
      args: [...this.#options(), ...this.options, ...options],
      environment: { PATH },
    });
    this.#process = server;
    await until(`a database server is ready\n${this.#log()}`, async () => {
      if (server.hasEnded) throw new Error(`The database server ended.\n${this.#log()}`);
      return this.isReady();
    });
  }

  async isReady(): Promise<boolean> {
    try {
      const rows = await this.query(
        "SHOW GLOBAL STATUS WHERE Variable_name = 'wsrep_local_state_comment' AND Value NOT IN ('', 'Synced')",
      );
      return rows.length === 0;
    } catch {
      return false;
    }
  }

  /** Makes the database and its user. */
  async prepare(): Promise<void> {
    await this.query(`CREATE DATABASE ${DATABASE} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci`);
    await this.addUser('app');
  }

  async addUser(name: string): Promise<void> {
    await this.query(`CREATE USER '${name}'@'127.0.0.1' IDENTIFIED BY '${name}'`);
    await this.query(`GRANT ALL ON *.* TO '${name}'@'127.0.0.1'`);
  }

  /** kill -9. */
  async kill(): Promise<void> {
    await this.#running.kill();
  }

  async stop(): Promise<void> {
    await this.#running.stop();
  }

  /** It still takes connections and answers nothing. */
  freeze(): void {
    this.#running.signal('SIGSTOP');
  }

  thaw(): void {
    this.#running.signal('SIGCONT');
  }

  /** As root, past the network. */
  async query<Row = Record<string, unknown>>(sql: string): Promise<Row[]> {
    const connection = await this.connect();
    try {
      const [rows] = await connection.query<RowDataPacket[]>(sql);
      return rows as unknown as Row[];
    } finally {
      connection.destroy();
    }
  }

  connect(): Promise<Connection> {
    return createConnection({ socketPath: join(this.directory, 'socket'), user: 'root', database: '' });
  }

  get #running(): Process {
    if (!this.#process) throw new Error('The database server was not started.');
    return this.#process;
  }

  #log(): string {
    const path = join(this.directory, 'error.log');
    return existsSync(path) ? readFileSync(path, 'utf8').slice(-3000) : '';
  }

  #options(): string[] {
    return [
      '--no-defaults',
      `--user=${userOf(this.kind)}`,
      `--datadir=${this.dataDirectory}`,
      // A server that starts removes the temporary tables that it finds, those of another one too.
      `--tmpdir=${this.directory}`,
      `--socket=${this.directory}/socket`,
      `--pid-file=${this.directory}/pid`,
      `--log-error=${this.directory}/error.log`,
      `--port=${this.port}`,
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
      '--loose-innodb-log-file-size=48M',
      '--innodb-buffer-pool-load-at-startup=0',
      '--innodb-buffer-pool-dump-at-shutdown=0',
      // What is acknowledged is in the log on disk.
      '--innodb-flush-log-at-trx-commit=1',
    ];
  }
}

function programOf(kind: ServerKind): string {
  const server = findServer(kind);
  if (server === undefined)
    throw new Error(kind === 'mysql' ? MYSQL_MISSING : 'No mariadbd was found. Install mariadb-server.');
  return server;
}

const emptyDataDirectories = new Map<ServerKind, string>();

/** Making an empty data directory takes seconds, copying one does not. */
function emptyDataDirectory(kind: ServerKind): string {
  let data = emptyDataDirectories.get(kind);
  if (data === undefined) {
    const directory = newDirectory(tmpdir());
    chown(directory, userOf(kind));
    data = join(directory, 'data');
    initialize(kind, programOf(kind), data, userOf(kind));
    emptyDataDirectories.set(kind, data);
  }
  return data;
}

function chown(directory: string, user: string): void {
  if (process.getuid?.() !== 0) return;
  const idOf = (flag: string) => Number(execFileSync('id', [flag, user], { encoding: 'utf8' }));
  chownSync(directory, idOf('-u'), idOf('-g'));
}
