import { execFile } from 'node:child_process';
import { accessSync, readFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from '@jest/globals';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { FeedTrial } from './support/feed-trial.js';
import { tell } from './support/figures.js';
import { Service } from './support/service.js';

const PROGRAMS =
  process.env.COLLOQUY_VITESS ??
  join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'colloquy/vitess');
const NEEDED = ['etcd', 'vtgate', 'vttablet', 'vtctldclient'];
/** Acknowledged changes of both tenants, before and after what happens. */
const STRETCH = 100;

/** Six MySQL servers and as many tablets are too much for CI. */
const isWanted = process.env.FAULTS_ON === 'vitess';
if (isWanted) for (const name of NEEDED) accessSync(join(PROGRAMS, name));
else
  process.stderr.write(
    `\nNOT run on Vitess: FAULTS_ON=vitess runs it, where tools/fetch-vitess.sh ${NEEDED.join(' ')} was run.\n`,
  );

const directory = join(tmpdir(), `colloquy-vitess-${process.pid}`);
const cluster = async (command: string, ...args: string[]): Promise<string> =>
  (await promisify(execFile)('test/vitess/cluster.sh', [command, directory, ...args])).stdout.trim();

(isWanted ? describe : describe.skip)('Vitess of two shards, each a primary and two replicas', () => {
  afterAll(() => cluster('down'));

  it('loses nothing, doubles nothing and tells all in the feeds when primaries change places, when they are killed, and when vtgate is', async () => {
    const databaseUrl = await cluster('up');
    const replicas = [await Service.start(databaseUrl), await Service.start(databaseUrl)];
    // Its two tenants are on different shards.
    const trial = new FeedTrial({
      serviceUrls: () => replicas.map(({ url }) => url),
      writers: 8,
      // What a dead vtgate has locked is free after the time-out of its transaction, and then for whoever waited by it.
      quietSeconds: 45,
    });
    const pauses: Record<string, string> = {};
    const during = async (event: string, happen: () => Promise<unknown>) => {
      await trial.changes.progress(STRETCH);
      trial.changes.longestPausesMs.clear();
      await happen();
      await trial.changes.progress(STRETCH);
      pauses[event] = trial.tenants
        .map((tenant) => Math.round(trial.changes.longestPausesMs.get(tenant) ?? 0))
        .join(' and ');
    };

    await during('nothing', async () => {});
    expect(await tenantsOn(databaseUrl, '-80')).toHaveLength(1);
    expect(await tenantsOn(databaseUrl, '80-')).toHaveLength(1);
    await during('planned reparent of both shards', async () => {
      await reparent('PlannedReparentShard', '-80', 101);
      await reparent('PlannedReparentShard', '80-', 201);
    });
    await during('kill -9 of the vttablet of one primary, started again', async () => {
      kill('vttablet-101');
      await cluster('tablet', '101', '-80');
    });
    await during('kill -9 of both primaries, MySQL and vttablet', async () => {
      for (const uid of [101, 201]) for (const name of ['mysqld', 'vttablet']) kill(`${name}-${uid}`);
      await Promise.all([
        reparent('EmergencyReparentShard', '-80', 100),
        reparent('EmergencyReparentShard', '80-', 200),
      ]);
    });
    await during('kill -9 of vtgate', async () => {
      kill('vtgate');
      await cluster('vtgate');
    });
    await during('kill -9 of vtgate that holds the locks of all conversations', async () => {
      const connection = await createConnection(databaseUrl);
      connection.on('error', () => undefined);
      await connection.query('START TRANSACTION');
      await connection.query('SELECT id FROM conversation FOR UPDATE');
      kill('vtgate');
      await cluster('vtgate');
      connection.destroy();
    });

    const { faults, figures } = await trial.finish();
    tell('Vitess', figures);
    tell('longest pause of a client of one shard, and of the other, in ms', pauses);
    for (const { process } of replicas) {
      expect(process.hasEnded).toBe(false);
      const lines = process.output.split('\n');
      expect(lines.filter((line) => /unhandled|uncaught|internal_error/i.test(line))).toEqual([]);
    }
    expect(faults).toEqual([]);
    await Promise.all(replicas.map(({ process }) => process.stop()));
  }, 900_000); // thirteen programs start first
});

const reparent = (command: string, shard: string, uid: number): Promise<string> =>
  cluster('ctl', command, `colloquy/${shard}`, `--new-primary=zone-${uid}`);

const kill = (name: string): boolean =>
  process.kill(Number(readFileSync(join(directory, `${name}.pid`), 'utf8')), 'SIGKILL');

/** Who has messages on one shard. */
async function tenantsOn(databaseUrl: string, shard: string): Promise<unknown[]> {
  const connection = await createConnection(`${databaseUrl}:${shard}`);
  try {
    const [rows] = await connection.query<RowDataPacket[]>('SELECT DISTINCT tenant_id FROM message');
    return rows;
  } finally {
    await connection.end();
  }
}
