import { beforeAll, expect, it } from '@jest/globals';
import type { ServerKind } from '../support/machine.js';
import { DatabaseServer } from './support/database-server.js';
import { onServers } from './support/on-servers.js';
import { Service } from './support/service.js';

const DAY_SECONDS = 86_400;

onServers('what is said at start of a database', (kind) => {
  let database: DatabaseServer;
  beforeAll(async () => {
    database = await DatabaseServer.start(
      [
        '--innodb-flush-log-at-trx-commit=2',
        '--innodb-doublewrite=0',
        '--log-bin=log',
        '--server-id=1',
        '--sync-binlog=0',
        '--binlog-format=STATEMENT',
        '--default-storage-engine=MyISAM',
        '--max-connections=15',
      ],
      kind,
    );
    await database.query(`CREATE USER plain@'127.0.0.1' IDENTIFIED BY 'plain'`);
    await database.query(`GRANT ALL ON colloquy.* TO plain@'127.0.0.1'`);
    await database.query(`CREATE USER partly@'127.0.0.1' IDENTIFIED BY 'partly'`);
    await database.query(`GRANT SELECT, INSERT, CREATE, INDEX ON colloquy.* TO partly@'127.0.0.1'`);
    await database.query(`CREATE USER works@'127.0.0.1' IDENTIFIED BY 'works'`);
    await database.query(`GRANT SELECT, INSERT, UPDATE, DELETE, CREATE ON colloquy.* TO works@'127.0.0.1'`);
  });

  /** What a start with this account says, one line each; the service is stopped. */
  async function saidTo(user: string, environment: Record<string, string> = {}): Promise<string[]> {
    const service = await Service.start(database.url.replace('app:app', `${user}:${user}`), environment);
    await service.process.stop();
    const { output } = service.process;
    return [...output.matchAll(/"context":"StartChecks","message":"([^"]*)"/g)].map(([, text = '']) => text);
  }

  it('is nothing that a crash can take back, and no account that is too mighty', async () => {
    const said = await saidTo('app', { DATABASE_POOL_SIZE: '16' });
    expect(said).toEqual([
      expect.stringMatching(
        /^innodb_flush_log_at_trx_commit is 2: .* Set innodb_flush_log_at_trx_commit=1\.$/,
      ),
      expect.stringMatching(/^sync_binlog is 0: .* Set sync_binlog=1\.$/),
      expect.stringMatching(/^binlog_format is STATEMENT: .* Set binlog_format=ROW\.$/),
      expect.stringMatching(/^innodb_doublewrite is OFF: /),
      expect.stringMatching(/^DATABASE_POOL_SIZE is 16 .* takes 15\. Raise max_connections\.$/),
      expect.stringMatching(/^The account app may write where read_only is set/),
    ]);
    await database.query('SET GLOBAL innodb_flush_log_at_trx_commit = 1');
    await database.query('SET GLOBAL sync_binlog = 1');
    await database.query("SET GLOBAL binlog_format = 'ROW'");
    expect(await saidTo('plain')).toEqual([expect.stringMatching(/^innodb_doublewrite is OFF: /)]);
  });

  it('names a table of another engine; the server makes none, whatever is its default', async () => {
    const engines = (where: string) =>
      database.query(`SELECT table_name AS name FROM information_schema.tables
        WHERE table_schema = 'colloquy' AND engine ${where}`);
    expect(await engines("= 'InnoDB'")).toContainEqual({ name: 'migrations' });
    expect(await engines("<> 'InnoDB'")).toEqual([]);

    await database.query('ALTER TABLE colloquy.migrations ENGINE=MyISAM');
    expect(await saidTo('plain')).toContainEqual(
      'The table migrations is in MyISAM, which has no transactions. ALTER TABLE migrations ENGINE=InnoDB.',
    );
    await database.query('ALTER TABLE colloquy.migrations ENGINE=InnoDB');
  });

  it('names the rights that an account lacks', async () => {
    expect(await saidTo('works')).toContainEqual(
      expect.stringMatching(/^The account works has no right to ALTER, INDEX\. GRANT /),
    );
    await expect(saidTo('partly')).rejects.toThrow(
      /The account partly has no right to UPDATE, DELETE\. GRANT UPDATE, DELETE ON colloquy\.\* to it\./,
    );
  });

  it('names a clock that goes wrong', async () => {
    await database.query(`SET GLOBAL init_connect = 'SET timestamp = UNIX_TIMESTAMP() + ${DAY_SECONDS}'`);
    const said = await saidTo('plain');
    await database.query(`SET GLOBAL init_connect = ''`);
    expect(said).toContainEqual(
      expect.stringMatching(/^The server's clock is 86[34]\d{5} ms ahead of this machine's/),
    );
  });

  it('is a refusal where the service would fail later', async () => {
    await database.query(`SET GLOBAL init_connect = 'SET NAMES latin1'`);
    await expect(saidTo('plain')).rejects.toThrow(/Connections are in latin1 whatever they ask for/);
    await database.query(`SET GLOBAL init_connect = ''`);

    await database.query('SET GLOBAL max_allowed_packet = 1048576');
    await expect(saidTo('plain')).rejects.toThrow(
      /max_allowed_packet is 1048576: .* Set max_allowed_packet=16777216/,
    );
  });
});

/** What a start says that is refused. */
async function refusalOf(kind: ServerKind, ...options: string[]): Promise<string> {
  const database = await DatabaseServer.start(options, kind);
  const refused: unknown = await Service.start(database.url).catch((error: unknown) => error);
  await database.stop();
  return String(refused);
}

onServers(
  'a server that cannot be used is named at start',
  (kind) => {
    it('without InnoDB', async () => {
      expect(await refusalOf(kind, '--skip-innodb', '--default-storage-engine=Aria')).toMatch(
        /: it has no InnoDB, the engine with transactions\. Remove skip-innodb or innodb=OFF\./,
      );
    });

    it('with a version that is too old', async () => {
      expect(await refusalOf(kind, '--version=10.5.29-MariaDB')).toMatch(
        /The server is 10\.5\.29-MariaDB\. Needed is MySQL 8\.0\.17, MariaDB 10\.6, or later\./,
      );
    });
  },
  ['mariadb'], // MySQL is never without InnoDB, and tells no version but its own
);
