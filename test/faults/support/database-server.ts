import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, readFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import { freePort, roomyDirectory } from '../../support/machine.js';
import { newDirectory, Process } from './processes.js';
import { until } from '../../support/until.js';

/** Debian keeps servers where only root's PATH looks. */
const PATH = `${process.env.PATH}:/usr/sbin:/usr/local/sbin`;
/** As root the server runs as its own user: the rsync of a cluster's node gives up root's rights by itself. */
const USER = process.getuid?.() === 0 ? 'mysql' : userInfo().username;
const DATABASE = 'colloquy';
const INSTALL = [
  '--no-defaults',
  `--user=${USER}`,
  '--auth-root-authentication-method=normal',
  '--skip-test-db',
];

/** A MariaDB server that keeps what it has acknowledged, and may be killed, frozen and started again. */
export class DatabaseServer {
  #process: Process | undefined;

  private constructor(
    readonly directory: string,
    readonly port: number,
    private readonly options: readonly string[],
  ) {}

  /** A server with an empty database that is not started; `seed` is the data directory of another one. */
  static async create({ options = [], seed }: { options?: readonly string[]; seed?: string } = {}) {
    const directory = newDirectory(roomyDirectory(3 * 2 ** 30));
    chown(directory);
    const server = new DatabaseServer(directory, await freePort(), options);
    if (seed) execFileSync('cp', ['-a', seed, server.dataDirectory]);
    else install(server.dataDirectory);
    return server;
  }

  /** A server that runs, with an empty database. */
  static async start(options: readonly string[] = []): Promise<DatabaseServer> {
    const server = await DatabaseServer.create({ options });
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
      command: 'mariadbd',
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
      `--user=${USER}`,
      `--datadir=${this.dataDirectory}`,
      `--socket=${this.directory}/socket`,
      `--pid-file=${this.directory}/pid`,
      `--log-error=${this.directory}/error.log`,
      `--port=${this.port}`,
      '--bind-address=127.0.0.1',
      '--skip-name-resolve',
      '--skip-log-bin',
      '--max-connections=300',
      '--character-set-server=utf8mb4',
      '--default-time-zone=+00:00',
      '--log-output=TABLE',
      '--performance-schema=OFF',
      '--innodb-buffer-pool-size=64M',
      '--innodb-log-file-size=48M',
      '--innodb-buffer-pool-load-at-startup=0',
      '--innodb-buffer-pool-dump-at-shutdown=0',
      // What is acknowledged is in the log on disk.
      '--innodb-flush-log-at-trx-commit=1',
    ];
  }
}

let emptyDataDirectory: string | undefined;

/** Making an empty data directory takes seconds, copying one does not. */
function install(target: string): void {
  if (emptyDataDirectory === undefined) {
    const directory = newDirectory(tmpdir());
    chown(directory);
    const data = join(directory, 'data');
    execFileSync('mariadb-install-db', [...INSTALL, `--datadir=${data}`], {
      env: { ...process.env, PATH },
      stdio: 'pipe',
    });
    emptyDataDirectory = data;
  }
  execFileSync('cp', ['-a', emptyDataDirectory, target]);
}

function chown(directory: string): void {
  if (process.getuid?.() !== 0) return;
  const idOf = (flag: string) => Number(execFileSync('id', [flag, USER], { encoding: 'utf8' }));
  chownSync(directory, idOf('-u'), idOf('-g'));
}
