import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../support/machine.js';
import { DatabaseServer } from './database-server.js';

/** Where Debian and Fedora keep Galera. */
const PROVIDER = [
  '/usr/lib/galera/libgalera_smm.so',
  '/usr/lib/galera-4/libgalera_smm.so',
  '/usr/lib64/galera-4/libgalera_smm.so',
].find((path) => existsSync(path));
const NODES = 3;

/** A real cluster: three nodes on this machine, each of which takes writes. */
export class GaleraCluster {
  private constructor(readonly nodes: readonly DatabaseServer[]) {}

  /** Whether this machine has what a cluster needs. */
  static readonly isInstalled = PROVIDER !== undefined;

  static async start(): Promise<GaleraCluster> {
    const seed = await seededDataDirectory();
    const groupPorts = await Promise.all(Array.from({ length: NODES }, freePort));
    const nodes = await Promise.all(groupPorts.map((port) => newNode(seed, port, groupPorts)));
    const [first, ...others] = nodes;
    if (!first) throw new Error('A cluster has nodes.');
    await first.start('--wsrep-new-cluster');
    for (const node of others) await node.start();
    return new GaleraCluster(nodes);
  }

  node(index: number): DatabaseServer {
    const node = this.nodes[index];
    if (!node) throw new Error(`There is no node ${index}.`);
    return node;
  }

  /** For DATABASE_URL: the nodes in this order of preference. */
  url(...order: number[]): string {
    const hosts = order.map((index) => `127.0.0.1:${this.node(index).port}`);
    return this.node(0).url.replace(/127\.0\.0\.1:\d+/, hosts.join(','));
  }
}

async function newNode(
  seed: string,
  groupPort: number,
  groupPorts: readonly number[],
): Promise<DatabaseServer> {
  const [incrementalPort, snapshotPort] = [await freePort(), await freePort()];
  const provider = {
    base_host: '127.0.0.1',
    base_port: groupPort,
    'gmcast.listen_addr': `tcp://127.0.0.1:${groupPort}`,
    'ist.recv_addr': `127.0.0.1:${incrementalPort}`,
    'gcache.size': '32M',
    // How soon a node that says nothing more is left out; the defaults are 5 and 15 seconds.
    'evs.keepalive_period': 'PT0.5S',
    'evs.inactive_check_period': 'PT0.5S',
    'evs.suspect_timeout': 'PT2S',
    'evs.inactive_timeout': 'PT4S',
    'pc.recovery': 'FALSE',
  };
  return DatabaseServer.create({
    seed,
    kind: 'mariadb',
    options: [
      '--binlog-format=ROW',
      '--innodb-autoinc-lock-mode=2',
      '--wsrep-on=ON',
      `--wsrep-provider=${PROVIDER}`,
      '--wsrep-cluster-name=colloquy-faults',
      `--wsrep-cluster-address=gcomm://${groupPorts.map((port) => `127.0.0.1:${port}`).join(',')}`,
      `--wsrep-node-name=node-${groupPort}`,
      `--wsrep-node-address=127.0.0.1:${groupPort}`,
      '--wsrep-sst-method=rsync',
      `--wsrep-sst-receive-address=127.0.0.1:${snapshotPort}`,
      `--wsrep-provider-options=${Object.entries(provider)
        .map(([name, value]) => `${name}=${value}`)
        .join(';')}`,
    ],
  });
}

/** The data that all nodes start with, so that none has to copy another one's. */
async function seededDataDirectory(): Promise<string> {
  const port = await freePort();
  const seed = await DatabaseServer.create({
    kind: 'mariadb',
    options: [
      '--binlog-format=ROW',
      '--innodb-autoinc-lock-mode=2',
      '--wsrep-on=ON',
      `--wsrep-provider=${PROVIDER}`,
      '--wsrep-cluster-name=colloquy-faults',
      '--wsrep-cluster-address=gcomm://',
      `--wsrep-node-address=127.0.0.1:${port}`,
      `--wsrep-provider-options=base_host=127.0.0.1;base_port=${port};gmcast.listen_addr=tcp://127.0.0.1:${port};gcache.size=32M`,
    ],
  });
  await seed.start('--wsrep-new-cluster');
  await seed.prepare();
  await seed.stop();
  for (const file of ['galera.cache', 'gvwstate.dat'])
    rmSync(join(seed.dataDirectory, file), { force: true });
  const state = join(seed.dataDirectory, 'grastate.dat');
  writeFileSync(state, readFileSync(state, 'utf8').replace(/safe_to_bootstrap: .*/, 'safe_to_bootstrap: 1'));
  return seed.dataDirectory;
}
