import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { isCi } from '../support/machine.js';
import { DatabaseServer } from './support/database-server.js';
import { FeedTrial } from './support/feed-trial.js';
import { tell } from './support/figures.js';
import { GaleraCluster } from './support/galera.js';
import { Service } from './support/service.js';

/** How long each of the two goes on; without it a database server and a replica are killed once. */
const SECONDS = Number(process.env.FEED_SECONDS ?? 0);
const TIMEOUT_MS = SECONDS * 1000 + 180_000;
/** Acknowledged changes between two kills. */
const STRETCH = 300;
const PAUSE_MS = SECONDS > 0 ? 5_000 : 0;
const NOT_RUN = 'The feed of a Galera cluster was NOT tested: apt-get install galera-4 rsync mariadb-server';

/** Kills one after the other, again and again, while conversations are changed and the feed is read. */
async function runWithKills(
  story: string,
  replicas: Service[],
  servers: readonly DatabaseServer[],
  newReplica: (index: number) => Promise<Service>,
): Promise<void> {
  const trial = new FeedTrial({ serviceUrls: () => replicas.map(({ url }) => url) });
  const deadline = Date.now() + SECONDS * 1000;
  const kills = replicas.flatMap((_, index) => [
    async () => {
      const server = servers[index % servers.length];
      await server?.kill();
      // A node that comes back before it was missed takes the cluster's majority with it.
      if (servers.length > 1) await trial.changes.progress(STRETCH);
      await server?.start();
    },
    async () => {
      await replicas[index]?.process.kill();
      replicas[index] = await newReplica(index);
    },
  ]);
  let killed = 0;
  for (; killed < 2 || Date.now() < deadline; killed++) {
    await trial.changes.progress(STRETCH);
    await sleep(PAUSE_MS);
    await kills[killed % kills.length]?.();
  }
  await trial.changes.progress(STRETCH);

  const { faults, figures } = await trial.finish();
  tell(`${killed} x kill -9 on ${story}`, figures);
  expect(faults).toEqual([]);
  expect(figures).toMatchObject({ read: figures.acknowledged, doubled: 0, missing: 0, 'out of order': 0 });
  for (const { process } of replicas) {
    expect(process.output).not.toMatch(/unhandled|uncaught|internal_error/i);
    await process.stop();
  }
}

describe('each acknowledged change is read once and in order, whatever is killed', () => {
  it(
    'with two replicas and a database',
    async () => {
      const database = await DatabaseServer.start();
      const newReplica = () => Service.start(database.url);
      const replicas = [await newReplica(), await newReplica()];
      await runWithKills('two replicas and a database', replicas, [database], newReplica);
    },
    TIMEOUT_MS,
  );

  if (!GaleraCluster.isInstalled && !isCi) {
    process.stderr.write(`\n${'*'.repeat(90)}\n  ${NOT_RUN}\n${'*'.repeat(90)}\n`);
    it.skip('with a Galera cluster: it is not installed', () => undefined);
    return;
  }
  it(
    'with a Galera cluster and a replica on each node',
    async () => {
      if (!GaleraCluster.isInstalled) throw new Error(NOT_RUN);
      const cluster = await GaleraCluster.start();
      const orders = [
        [0, 1, 2],
        [1, 2, 0],
        [2, 0, 1],
      ];
      const newReplica = (index: number) => Service.start(cluster.url(...(orders[index] ?? [])));
      // On a cluster, GET_LOCK counts on one node only: one replica migrates before the others start.
      const replicas = [await newReplica(0)];
      for (const index of [1, 2]) replicas.push(await newReplica(index));
      await runWithKills('a Galera cluster and a replica on each node', replicas, cluster.nodes, newReplica);
    },
    TIMEOUT_MS,
  );
});
