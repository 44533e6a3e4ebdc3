import { expect, it } from '@jest/globals';
import { until } from '../support/until.js';
import type { DatabaseServer } from './support/database-server.js';
import { tell } from './support/figures.js';
import { ReplicationGroup } from './support/group.js';
import { onServers } from './support/on-servers.js';
import { Service } from './support/service.js';
import { Writers } from './support/writers.js';

onServers(
  'Group Replication of three members',
  () => {
    it('loses nothing and doubles nothing when its primary is killed, and when another one is chosen', async () => {
      const group = await ReplicationGroup.start();
      const replicas = await Promise.all([
        Service.start(group.url(0, 1, 2)),
        Service.start(group.url(2, 1, 0)),
      ]);
      const conversationIds = await Promise.all(replicas.map((replica) => replica.newConversation()));
      const load = new Writers({
        serviceUrls: () => replicas.map(({ url }) => url),
        conversationIds,
        writers: 12,
      });
      await load.progress(300);

      const killed = group.member(0);
      expect(await group.primary(killed)).toBe(killed);
      load.longestPauseMs = 0;
      await killed.kill();
      await load.progress(500);
      const killPauseMs = load.longestPauseMs;
      expect(await group.primary(group.member(1))).not.toBe(killed);

      await group.rejoin(killed);
      load.longestPauseMs = 0;
      await group.makePrimary(killed);
      await load.progress(500);
      const switchPauseMs = load.longestPauseMs;
      await load.stop();

      for (const { process } of replicas) {
        expect(process.hasEnded).toBe(false);
        expect(process.output).not.toMatch(/unhandled|uncaught|internal_error/i);
      }
      for (const { url } of replicas) expect(await load.faults(url)).toEqual([]);
      const expected = await contentsOf(killed);
      expect(expected).toHaveLength(conversationIds.length);
      for (const member of group.members)
        await until('all members hold the same', async () => {
          return JSON.stringify(await contentsOf(member)) === JSON.stringify(expected);
        });
      tell('Group Replication', {
        ...load.figures,
        'longest pause of a client in ms when the primary is killed': Math.round(killPauseMs),
        'and at a planned switch': Math.round(switchPauseMs),
      });
      await Promise.all(replicas.map(({ process }) => process.stop()));
    });
  },
  ['mysql'],
);

const contentsOf = (member: DatabaseServer): Promise<unknown[]> =>
  member.query(`
    SELECT conversation_id, COUNT(*) AS messages, MAX(sequence) AS last, SUM(CRC32(content)) AS checksum
    FROM colloquy.message GROUP BY conversation_id ORDER BY conversation_id`);
