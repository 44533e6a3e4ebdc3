import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { isCi } from '../support/machine.js';
import { allMessages } from './support/client.js';
import type { DatabaseServer } from './support/database-server.js';
import { tell } from './support/figures.js';
import { GaleraCluster } from './support/galera.js';
import { Service } from './support/service.js';
import { until } from '../support/until.js';
import { Writers } from './support/writers.js';

const ISOLATIONS = 3;
const HELLO = { message_from: 'user', content: 'Hello' };
const NOT_RUN = 'The tests on a Galera cluster did NOT run: apt-get install galera-4 rsync mariadb-server';

if (GaleraCluster.isInstalled) {
  describe('a Galera cluster of three nodes', onCluster);
} else if (isCi) {
  it('is tested under CI', () => {
    throw new Error(NOT_RUN);
  });
} else {
  process.stderr.write(`\n${'*'.repeat(90)}\n  ${NOT_RUN}\n${'*'.repeat(90)}\n`);
  it.skip('is not tested: Galera is not installed', () => undefined);
}

function onCluster(): void {
  let cluster: GaleraCluster;
  beforeAll(async () => {
    cluster = await GaleraCluster.start();
    // On a cluster, GET_LOCK counts on one node only: one replica migrates before the others start.
    const first = await Service.start(cluster.url(0, 1, 2));
    await first.process.stop();
  });

  it('loses nothing and doubles nothing when the node in use is killed, and goes back to it', async () => {
    const replicas = await Promise.all([
      Service.start(cluster.url(0, 1, 2)),
      Service.start(cluster.url(1, 2, 0)),
    ]);
    const conversationIds = await Promise.all(
      replicas.flatMap((replica) => [replica.newConversation(), replica.newConversation()]),
    );
    const load = new Writers({
      serviceUrls: () => replicas.map(({ url }) => url),
      conversationIds,
      writers: 12,
    });
    const pauses: number[] = [];

    for (const index of [0, 1]) {
      const node = cluster.node(index);
      await load.progress(200);
      const before = await insertsOn(node);
      await load.progress(100);
      expect(await insertsOn(node)).toBeGreaterThan(before); // it is in use

      load.longestPauseMs = 0;
      await node.kill();
      await load.progress(500);
      pauses.push(Math.round(load.longestPauseMs));

      await node.start();
      await until('the node is used again', async () => (await insertsOn(node)) > 100);
    }
    await load.stop();

    for (const { process } of replicas) {
      expect(process.hasEnded).toBe(false);
      expect(process.output).not.toMatch(/unhandled|uncaught|internal_error/i);
    }
    for (const { url } of replicas) expect(await load.faults(url)).toEqual([]);
    const contents = await Promise.all(cluster.nodes.map(contentsOf));
    if (!contents.every((node) => isDeepStrictEqual(node, contents[0])))
      await tellWhetherItLasts(cluster, contents);
    expect(contents[0]).toHaveLength(conversationIds.length);
    expect(contents).toEqual(cluster.nodes.map(() => contents[0]));
    tell('2 x kill -9 of the node in use', {
      ...load.figures,
      'longest pause of a client at each kill in ms': pauses.join(' and '),
    });
    await Promise.all(replicas.map(({ process }) => process.stop()));
  });

  it('loses nothing and doubles nothing when a node in use loses its majority, again and again', async () => {
    const replicas = await Promise.all([Service.start(cluster.url(0)), Service.start(cluster.url(1))]);
    const conversationIds = await Promise.all(replicas.map((replica) => replica.newConversation()));
    const load = new Writers({
      serviceUrls: () => replicas.map(({ url }) => url),
      conversationIds,
      writers: 20,
    });
    const node = cluster.node(0);
    const isolate = (on: 0 | 1) => node.query(`SET GLOBAL wsrep_provider_options = 'gmcast.isolate=${on}'`);

    for (let round = 0; round < ISOLATIONS; round++) {
      await load.progress(200);
      await isolate(1);
      await until('it has lost its majority', async () => !(await isReady(node)));
      await load.progress(100);
      await isolate(0);
      await until('it is back', () => isReady(node));
    }
    await load.progress(200);
    await load.stop();

    for (const { url } of replicas) expect(await load.faults(url)).toEqual([]);
    const contents = await Promise.all(cluster.nodes.map(contentsOf));
    expect(contents).toEqual(cluster.nodes.map(() => contents[0]));
    tell(`${ISOLATIONS} x a node without majority`, load.figures);
    await Promise.all(replicas.map(({ process }) => process.stop()));
  });

  describe('written to through two of them', () => {
    let one: Service;
    let two: Service;
    beforeAll(async () => {
      [one, two] = await Promise.all([Service.start(cluster.url(0)), Service.start(cluster.url(1))]);
    });

    it('numbers the messages of one conversation without a gap, whatever certification refuses', async () => {
      const id = await one.newConversation();
      const before = await conflictsOf(cluster);
      const load = new Writers({
        serviceUrls: () => [one.url, two.url],
        conversationIds: [id],
        writers: 20,
        messages: 100,
      });
      await load.done();
      const conflicts = (await conflictsOf(cluster)) - before;

      for (const { url } of [one, two]) expect(await load.faults(url)).toEqual([]);
      const sequences = (await allMessages(one.url, id)).map(({ sequence }) => sequence);
      expect(sequences).toEqual(Array.from({ length: 2000 }, (_, index) => index + 1));
      expect(conflicts).toBeGreaterThan(0); // else it proves nothing
      tell('20 x 100 appends through two nodes', { ...load.figures, 'conflicts of nodes': conflicts });
    });

    it('lets one of two changes at the same ETag win, each time', async () => {
      const path = `/conversations/${await one.newConversation()}`;
      for (let round = 0; round < 1000; round++) {
        const { etag = '' } = (await (round % 2 ? one : two).send('GET', path)).headers;
        const answers = await Promise.all(
          [one, two].map((replica, index) =>
            replica.send('PATCH', path, { topic: `${round}-${index}` }, { 'if-match': etag }),
          ),
        );
        const winner = answers.find(({ status }) => status === 200);
        expect(answers.map(({ status }) => status).sort()).toEqual([200, 412]);
        expect((await (round % 2 ? two : one).send('GET', path)).body).toEqual(winner?.body);
      }
    });

    it('carries out once what comes to both with one Idempotency-Key', async () => {
      const id = await one.newConversation();
      const path = `/conversations/${id}/messages`;
      const told: unknown[] = [];
      for (let round = 0; round < 100; round++) {
        const headers = { 'idempotency-key': `both-${round}` };
        const answers = await Promise.all(
          [one, two].map((replica) => replica.send('POST', path, HELLO, headers)),
        );
        const done = answers.filter(({ status }) => status === 201);
        expect(done.length).toBeGreaterThan(0);
        expect(new Set(done.map(({ text }) => text)).size).toBe(1);
        for (const { status, body } of answers)
          if (status !== 201) expect([status, body.code]).toEqual([409, 'idempotency_in_progress']);
        told.push(done[0]?.body);
      }
      expect(await allMessages(two.url, id)).toEqual(told);
    });
  });
}

/** Whether a node belongs to the part of the cluster that may write. */
async function isReady(node: DatabaseServer): Promise<boolean> {
  const [row] = await node.query<{ Value: string }>("SHOW GLOBAL STATUS LIKE 'wsrep_ready'");
  return row?.Value === 'ON';
}

async function statusOf(node: DatabaseServer, name: string): Promise<number> {
  const [row] = await node.query<{ Value: string }>(`SHOW GLOBAL STATUS LIKE '${name}'`);
  return Number(row?.Value);
}

/** INSERTs that clients have sent to this node since it was started; what other nodes hand on is not counted. */
const insertsOn = (node: DatabaseServer): Promise<number> => statusOf(node, 'Com_insert');

/** Transactions that lost against another node's, at COMMIT or before. */
async function conflictsOf({ nodes }: GaleraCluster): Promise<number> {
  const names = ['wsrep_local_cert_failures', 'wsrep_local_bf_aborts'];
  const counts = await Promise.all(nodes.flatMap((node) => names.map((name) => statusOf(node, name))));
  return counts.reduce((sum, count) => sum + count, 0);
}

/** It fails either way; this says whether a node was behind, or has lost something. */
async function tellWhetherItLasts({ nodes }: GaleraCluster, contents: unknown[][]): Promise<void> {
  await sleep(10_000);
  const later = await Promise.all(nodes.map(contentsOf));
  tell('nodes that differ', { 'at first': JSON.stringify(contents), later: JSON.stringify(later) });
}

/** What a node holds of each conversation, when it has applied all that was committed. */
async function contentsOf(node: DatabaseServer): Promise<unknown[]> {
  await node.query('SET GLOBAL wsrep_sync_wait = 1');
  return node.query(`
    SELECT conversation_id, COUNT(*) AS messages, MAX(sequence) AS last, SUM(CRC32(content)) AS checksum
    FROM colloquy.message GROUP BY conversation_id ORDER BY conversation_id`);
}
