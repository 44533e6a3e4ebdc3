import { beforeAll, expect, it } from '@jest/globals';
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
      expect.stringMatching(/^innodb_doublewrite is OFF: /),
      expect.stringMatching(/^DATABASE_POOL_SIZE is 16 .* takes 15\. Raise max_connections\.$/),
      expect.stringMatching(/^The account app may write where read_only is set/),
    ]);
    await database.query('SET GLOBAL innodb_flush_log_at_trx_commit = 1');
    await database.query('SET GLOBAL sync_binlog = 1');
    expect(await saidTo('plain')).toEqual([expect.stringMatching(/^innodb_doublewrite is OFF: /)]);
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
