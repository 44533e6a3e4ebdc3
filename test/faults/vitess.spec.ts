import { execFile } from 'node:child_process';
import { accessSync, readFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from '@jest/globals';
import { tell } from './support/figures.js';
import { Service } from './support/service.js';
import { Writers } from './support/writers.js';

const PROGRAMS =
  process.env.COLLOQUY_VITESS ??
  join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'colloquy/vitess');
const NEEDED = ['etcd', 'vtgate', 'vttablet', 'vtctldclient'];

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

  it('loses nothing and doubles nothing when primaries change places, when they are killed, and when vtgate is', async () => {
    const databaseUrl = await cluster('up');
    const replicas = [await Service.start(databaseUrl), await Service.start(databaseUrl)];
    const conversationIds = await Promise.all(replicas.map((replica) => replica.newConversation()));
    const load = new Writers({
      serviceUrls: () => replicas.map(({ url }) => url),
      conversationIds,
      writers: 8,
    });
    const pauses: Record<string, number> = {};
    const during = async (event: string, happen: () => Promise<unknown>) => {
      load.longestPauseMs = 0;
      await happen();
      await load.progress(300);
      pauses[`longest pause of a client in ms: ${event}`] = Math.round(load.longestPauseMs);
    };
    await load.progress(300);

    await during('planned reparent of both shards', async () => {
      await reparent('PlannedReparentShard', '-80', 101);
      await reparent('PlannedReparentShard', '80-', 201);
    });
    await during('kill -9 of both primaries, MySQL and vttablet', async () => {
      for (const uid of [101, 201]) for (const name of ['mysqld', 'vttablet']) kill(`${name}-${uid}`);
      await reparent('EmergencyReparentShard', '-80', 100);
      await reparent('EmergencyReparentShard', '80-', 200);
    });
    await during('kill -9 of vtgate', async () => {
      kill('vtgate');
      await cluster('vtgate');
    });
    await load.stop();

    for (const { process } of replicas) {
      expect(process.hasEnded).toBe(false);
      expect(process.output).not.toMatch(/unhandled|uncaught|internal_error/i);
    }
    for (const { url } of replicas) expect(await load.faults(url)).toEqual([]);
    tell('Vitess', { ...load.figures, ...pauses });
    await Promise.all(replicas.map(({ process }) => process.stop()));
  }, 600_000); // thirteen programs start first
});

const reparent = (command: string, shard: string, uid: number): Promise<string> =>
  cluster('ctl', command, `colloquy/${shard}`, `--new-primary=zone-${uid}`);

const kill = (name: string): boolean =>
  process.kill(Number(readFileSync(join(directory, `${name}.pid`), 'utf8')), 'SIGKILL');
