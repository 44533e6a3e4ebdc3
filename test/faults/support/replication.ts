import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ServerKind } from '../../support/machine.js';
import { DatabaseServer } from './database-server.js';

/** A writer and a reader that follows it, which can change places. */
export class ReplicatedPair {
  private constructor(
    private readonly kind: ServerKind,
    public writer: DatabaseServer,
    public reader: DatabaseServer,
  ) {}

  static async start(kind: ServerKind): Promise<ReplicatedPair> {
    const seed = await seededDataDirectory(kind);
    const [writer, reader] = await Promise.all([newServer(kind, seed, 1), newServer(kind, seed, 2)]);
    await Promise.all([writer.start(), reader.start()]);
    const pair = new ReplicatedPair(kind, writer, reader);
    await pair.#readOnly(reader, true);
    await pair.#follow(reader, writer);
    return pair;
  }

  /** For DATABASE_URL. The account has rights on its database only, so that read_only counts for it. */
  get url(): string {
    const hosts = [this.writer, this.reader].map(({ port }) => `127.0.0.1:${port}`).join(',');
    return `mysql://plain:plain@${hosts}/colloquy`;
  }

  /** As those do it who operate servers: no writes, the reader catches up, it becomes the writer. */
  async switch(): Promise<void> {
    const { writer, reader } = this;
    await this.#readOnly(writer, true);
    await this.catchUp();
    await reader.query(this.kind === 'mysql' ? 'STOP REPLICA' : 'STOP SLAVE');
    await this.#readOnly(reader, false);
    await this.#follow(writer, reader);
    [this.writer, this.reader] = [reader, writer];
  }

  /** Resolves when the reader has all that the writer has. */
  async catchUp(): Promise<void> {
    const position = this.kind === 'mysql' ? '@@global.gtid_executed' : '@@global.gtid_binlog_pos';
    const wait = this.kind === 'mysql' ? 'WAIT_FOR_EXECUTED_GTID_SET' : 'MASTER_GTID_WAIT';
    const [row] = await this.writer.query<{ position: string }>(`SELECT ${position} AS position`);
    await this.reader.query(`SELECT ${wait}('${row?.position}', 30)`);
  }

  async #readOnly(server: DatabaseServer, on: boolean): Promise<void> {
    if (this.kind === 'mysql') await server.query(`SET GLOBAL super_read_only = ${on ? 1 : 0}`);
    await server.query(`SET GLOBAL read_only = ${on ? 1 : 0}`);
  }

  async #follow(server: DatabaseServer, { port }: DatabaseServer): Promise<void> {
    if (this.kind === 'mysql') {
      await server.query(`CHANGE REPLICATION SOURCE TO SOURCE_HOST = '127.0.0.1', SOURCE_PORT = ${port},
        SOURCE_USER = 'joiner', SOURCE_PASSWORD = 'joiner', SOURCE_AUTO_POSITION = 1, GET_SOURCE_PUBLIC_KEY = 1`);
      await server.query('START REPLICA');
    } else {
      await server.query('SET GLOBAL gtid_slave_pos = @@gtid_binlog_pos');
      await server.query(`CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = ${port},
        MASTER_USER = 'joiner', MASTER_PASSWORD = 'joiner', MASTER_USE_GTID = slave_pos`);
      await server.query('START SLAVE');
    }
  }
}

const newServer = (kind: ServerKind, seed: string, id: number): Promise<DatabaseServer> =>
  DatabaseServer.create({
    seed,
    kind,
    options: [
      `--server-id=${id}`,
      '--log-bin=binlog',
      '--relay-log=relay',
      '--binlog-format=ROW',
      kind === 'mysql' ? '--gtid-mode=ON' : '--log-slave-updates=ON',
      ...(kind === 'mysql' ? ['--enforce-gtid-consistency=ON'] : []),
    ],
  });

async function seededDataDirectory(kind: ServerKind): Promise<string> {
  const seed = await DatabaseServer.start([], kind);
  await seed.query(`CREATE USER joiner@'%' IDENTIFIED BY 'joiner'`);
  await seed.query(`GRANT REPLICATION SLAVE ON *.* TO joiner@'%'`);
  await seed.query(`CREATE USER plain@'127.0.0.1' IDENTIFIED BY 'plain'`);
  await seed.query(`GRANT ALL ON colloquy.* TO plain@'127.0.0.1'`);
  await seed.stop();
  rmSync(join(seed.dataDirectory, 'auto.cnf'), { force: true }); // each has an id of its own
  return seed.dataDirectory;
}
