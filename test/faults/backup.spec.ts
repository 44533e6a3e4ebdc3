import { execFileSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findBinary } from '../support/machine.js';
import { allMessages, send } from './support/client.js';
import { runCommand } from './support/commands.js';
import { DatabaseServer } from './support/database-server.js';
import { newDirectory } from './support/processes.js';
import { Service } from './support/service.js';
import { Writers } from './support/writers.js';

// What docs/operations.md says about backups, step by step, while clients write.

/** Clients that write to some conversations, and how many messages of each were acknowledged before the backup began. */
class Written {
  private constructor(
    private readonly service: Service,
    private readonly writers: Writers,
    private readonly before: ReadonlyMap<string, number>,
  ) {}

  static async to(url: string): Promise<Written> {
    const service = await Service.start(url);
    const ids = await Promise.all(Array.from({ length: 5 }, () => service.newConversation()));
    const writers = new Writers({ serviceUrls: () => [service.url], conversationIds: ids, writers: 5 });
    await writers.progress(50);
    const before = new Map<string, number>();
    for (const id of ids) before.set(id, (await allMessages(service.url, id)).length);
    return new Written(service, writers, before);
  }

  /** To be called when the backup is taken: clients have written beside it, and the service is ended. */
  async stop(): Promise<void> {
    await this.writers.progress(20);
    await this.writers.stop();
    await this.service.process.stop();
  }

  /** Everything that was acknowledged before is in the restored database, which is one moment of the whole, and is written to. */
  async isIn(url: string): Promise<void> {
    expect(runCommand('migrations', ['list'], { DATABASE_URL: url })).toBe('Nothing to do.\n');
    expect(runCommand('counters', ['check'], { DATABASE_URL: url })).toBe('0 totals differ\n');
    runCommand('events', ['new-epoch'], { DATABASE_URL: url });
    const restored = await Service.start(url);
    for (const [id, count] of this.before) {
      const { body } = await send(restored.url, 'GET', `/conversations/${id}`);
      const messages = await allMessages(restored.url, id);
      expect(messages.length).toBeGreaterThanOrEqual(count);
      expect(body.message_count).toBe(messages.length);
      expect(messages.map(({ sequence }) => sequence)).toEqual(messages.map((_, index) => index + 1));
    }
    await restored.newConversation();
    await restored.process.stop();
  }
}

describe('a database server', () => {
  let source: DatabaseServer;
  let written: Written;

  beforeAll(async () => {
    source = await DatabaseServer.start();
    written = await Written.to(source.url);
  });
  afterAll(() => source.stop());

  const socketOf = ({ directory }: DatabaseServer) => `--socket=${join(directory, 'socket')}`;

  it('is dumped by mariadb-dump, and restored into an empty one', async () => {
    const dump = join(newDirectory(tmpdir()), 'colloquy.sql');
    const options = ['--user=root', '--single-transaction', '--routines=false', `--result-file=${dump}`];
    execFileSync('mariadb-dump', [socketOf(source), ...options, 'colloquy']);

    const empty = await DatabaseServer.start();
    const file = openSync(dump, 'r');
    execFileSync('mariadb', [socketOf(empty), '--user=root', 'colloquy'], { stdio: [file, 'pipe', 'pipe'] });
    closeSync(file);

    await written.isIn(empty.url);
    await empty.stop();
  });

  it('is copied as files by mariadb-backup, and started from them', async () => {
    const backup = findBinary('mariadb-backup');
    if (!backup) throw new Error('No mariadb-backup: apt-get install mariadb-backup');
    const target = newDirectory(tmpdir());
    const quiet = { stdio: 'pipe' } as const;
    execFileSync(
      backup,
      [
        '--backup',
        socketOf(source),
        '--user=root',
        `--datadir=${source.dataDirectory}`,
        `--target-dir=${target}`,
      ],
      quiet,
    );
    execFileSync(backup, ['--prepare', `--target-dir=${target}`], quiet);
    if (process.getuid?.() === 0) execFileSync('chown', ['-R', 'mysql:', target]);

    const restored = await DatabaseServer.create({ seed: target });
    await restored.start();

    await written.isIn(restored.url);
    await restored.stop();
    await written.stop();
  });
});

it('a SQLite file is copied by its own backup while the service runs', async () => {
  const sqlite = findBinary('sqlite3');
  if (!sqlite) throw new Error('No sqlite3: apt-get install sqlite3');
  const directory = newDirectory(tmpdir());
  const [file, copy] = [join(directory, 'colloquy.sqlite'), join(directory, 'backup.sqlite')];
  const written = await Written.to(`sqlite:${file}`);

  execFileSync(sqlite, [file, `.timeout 10000`, `.backup ${copy}`]);
  await written.stop();

  expect(execFileSync(sqlite, [copy, 'PRAGMA integrity_check'], { encoding: 'utf8' })).toBe('ok\n');
  await written.isIn(`sqlite:${copy}`);
});
