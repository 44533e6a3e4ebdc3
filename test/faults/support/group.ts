import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../support/machine.js';
import { until } from '../../support/until.js';
import { DatabaseServer } from './database-server.js';

const MEMBERS = 3;

/** MySQL's Group Replication: three members on this machine, of which one, the primary, takes writes. */
export class ReplicationGroup {
  private constructor(readonly members: readonly DatabaseServer[]) {}

  static async start(): Promise<ReplicationGroup> {
    const seed = await seededDataDirectory();
    const groupPorts = await Promise.all(Array.from({ length: MEMBERS }, freePort));
    const group = randomUUID();
    const members = await Promise.all(
      groupPorts.map((port, index) => newMember(seed, index, port, groupPorts, group)),
    );
    const [first, ...others] = members;
    if (!first) throw new Error('A group has members.');
    await first.start();
    await first.query('SET GLOBAL group_replication_bootstrap_group = ON');
    await joinGroup(first);
    await first.query('SET GLOBAL group_replication_bootstrap_group = OFF');
    for (const member of others) {
      await member.start();
      await joinGroup(member);
    }
    return new ReplicationGroup(members);
  }

  /** For DATABASE_URL: the members in this order of preference. */
  url(...order: number[]): string {
    const hosts = order.map((index) => `127.0.0.1:${this.member(index).port}`);
    return this.member(0).url.replace(/127\.0\.0\.1:\d+/, hosts.join(','));
  }

  member(index: number): DatabaseServer {
    const member = this.members[index];
    if (!member) throw new Error(`There is no member ${index}.`);
    return member;
  }

  /** The one that takes writes, as this member knows it. */
  async primary(asked: DatabaseServer): Promise<DatabaseServer | undefined> {
    const [row] = await asked.query<{ port: number }>(
      `SELECT MEMBER_PORT AS port FROM performance_schema.replication_group_members
        WHERE MEMBER_ROLE = 'PRIMARY' AND MEMBER_STATE = 'ONLINE'`,
    );
    return this.members.find(({ port }) => port === row?.port);
  }

  /** A member that was killed comes back. */
  async rejoin(member: DatabaseServer): Promise<void> {
    await member.start();
    await joinGroup(member);
  }

  /** A planned switch. */
  async makePrimary(member: DatabaseServer): Promise<void> {
    const [row] = await member.query<{ uuid: string }>('SELECT @@server_uuid AS uuid');
    await member.query(`SELECT group_replication_set_as_primary('${row?.uuid}')`);
  }
}

async function joinGroup(member: DatabaseServer): Promise<void> {
  await member.query(
    `CHANGE REPLICATION SOURCE TO SOURCE_USER = 'joiner', SOURCE_PASSWORD = 'joiner'
      FOR CHANNEL 'group_replication_recovery'`,
  );
  await member.query('START GROUP_REPLICATION');
  await until('a member is online', async () => {
    const [row] = await member.query<{ state: string }>(
      `SELECT MEMBER_STATE AS state FROM performance_schema.replication_group_members WHERE MEMBER_ID = @@server_uuid`,
    );
    return row?.state === 'ONLINE';
  });
}

const newMember = (
  seed: string,
  index: number,
  port: number,
  groupPorts: readonly number[],
  group: string,
): Promise<DatabaseServer> =>
  DatabaseServer.create({
    seed,
    kind: 'mysql',
    options: [
      `--server-id=${index + 1}`,
      '--log-bin=binlog',
      '--relay-log=relay',
      '--gtid-mode=ON',
      '--enforce-gtid-consistency=ON',
      '--report-host=127.0.0.1',
      '--performance-schema=ON',
      '--plugin-load-add=group_replication.so',
      `--loose-group-replication-group-name=${group}`,
      '--loose-group-replication-start-on-boot=OFF',
      `--loose-group-replication-local-address=127.0.0.1:${port}`,
      `--loose-group-replication-group-seeds=${groupPorts.map((other) => `127.0.0.1:${other}`).join(',')}`,
      '--loose-group-replication-recovery-get-public-key=ON',
      // How soon a member that says nothing more is left out; the default is 5 seconds more.
      '--loose-group-replication-member-expel-timeout=0',
    ],
  });

/** The data that all members start with. */
async function seededDataDirectory(): Promise<string> {
  const seed = await DatabaseServer.start([], 'mysql');
  await seed.query(`CREATE USER joiner@'%' IDENTIFIED BY 'joiner'`);
  await seed.query(`GRANT REPLICATION SLAVE, BACKUP_ADMIN ON *.* TO joiner@'%'`);
  await seed.stop();
  rmSync(join(seed.dataDirectory, 'auto.cnf')); // each has an id of its own
  return seed.dataDirectory;
}
