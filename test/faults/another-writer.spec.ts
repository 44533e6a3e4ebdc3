import { expect, it } from '@jest/globals';
import { until } from '../support/until.js';
import type { DatabaseServer } from './support/database-server.js';
import { tell } from './support/figures.js';
import { onServers } from './support/on-servers.js';
import { ReplicatedPair } from './support/replication.js';
import { Service } from './support/service.js';
import { Writers } from './support/writers.js';

const SWITCHES = 3;

onServers('a writer and a reader', (kind) => {
  it('change places again and again: nothing is lost, nothing doubled, and writes find the writer', async () => {
    const pair = await ReplicatedPair.start(kind);
    // The second replica prefers the server that is the reader at first.
    const [order, reversed] = [pair.url, pair.url.replace(/@(.*),(.*)\//, '@$2,$1/')];
    const replicas = [await Service.start(order), await Service.start(reversed)];
    const conversationIds = await Promise.all(replicas.map((replica) => replica.newConversation()));
    const load = new Writers({
      serviceUrls: () => replicas.map(({ url }) => url),
      conversationIds,
      writers: 8,
    });
    const pauses: number[] = [];

    for (let round = 0; round < SWITCHES; round++) {
      await load.progress(100);
      load.longestPauseMs = 0;
      await pair.switch();
      await load.progress(200);
      pauses.push(Math.round(load.longestPauseMs));
    }
    await load.stop();

    for (const replica of replicas) {
      await until('/readyz says yes', () => replica.isReady());
      expect(replica.process.output).not.toMatch(/unhandled|uncaught|internal_error/i);
      expect(await load.faults(replica.url)).toEqual([]);
    }
    await pair.catchUp();
    const written = await contentsOf(pair.writer);
    expect(written).toHaveLength(conversationIds.length);
    expect(await contentsOf(pair.reader)).toEqual(written);
    tell(`${SWITCHES} x another writer (${kind})`, {
      ...load.figures,
      'longest pause of a client at each in ms': pauses.join(', '),
    });
    await Promise.all(replicas.map(({ process }) => process.stop()));
  });
});

const contentsOf = (server: DatabaseServer): Promise<unknown[]> =>
  server.query(`
    SELECT conversation_id, COUNT(*) AS messages, MAX(sequence) AS last, SUM(CRC32(content)) AS checksum
    FROM colloquy.message GROUP BY conversation_id ORDER BY conversation_id`);
