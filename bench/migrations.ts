// `npm run bench:migrations -- --release <folder with dist/ of the first release> [--engine mysql]`: how long each
// migration takes on a database of a million conversations and five million messages, and what clients of that release
// notice meanwhile. Prints a table in Markdown.
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { createConnection, type Connection } from 'mysql2/promise';
import { loadConfig } from '../src/config/load-config.js';
import { dataSourceOptions, openDataSource } from '../src/database/engines/data-source.js';
import { runMigrations } from '../src/database/schema/migrate.js';
import { BASE_PATH } from '../src/http/resource.js';
import { ROOT, SCRATCH } from './machine.js';
import { MeasuredServer } from './servers.js';
import { tokenOf } from './tokens.js';

interface Starter {
  startServer: (options: object) => Promise<{ url: string; stop: () => Promise<void> }>;
}

const TENANTS = 100;
const MESSAGES_EACH = 5;
const AUTHORED = `'2026-01-31 08:00:00.000', '2026-01-31 08:00:00.000', 'ada', 'Ada', NULL, 'ada', 'Ada', NULL`;
const AUTHORSHIP =
  'created_time, updated_time, created_by, created_by_name, created_by_role, updated_by, updated_by_name, updated_by_role';
const ID = `CONCAT('019c0000-0000-7000-8000-', LPAD(HEX(a.n * 1000 + b.n), 12, '0'))`;
const TENANT = `CONCAT('tenant-', MOD(b.n, ${TENANTS}))`;

const { values: options } = parseArgs({
  options: {
    release: { type: 'string' },
    engine: { type: 'string', default: 'mariadb' },
    thousands: { type: 'string', default: '1000' },
  },
});
if (options.release === undefined) throw new Error('--release names the folder of the release before.');

const starter = pathToFileURL(join(ROOT, 'test/support/server.mjs')).href;
const { startServer } = (await import(starter)) as Starter;
mkdirSync(SCRATCH, { recursive: true });
const database = await startServer({
  kind: options.engine,
  parent: SCRATCH,
  args: ['--innodb-buffer-pool-size=2G', '--innodb-flush-log-at-trx-commit=1', '--innodb-doublewrite=1'],
});
const config = loadConfig({ environment: { DATABASE_URL: database.url } }).database;
const all = await dataSourceOptions(config);
const migrations = Array.isArray(all.migrations) ? all.migrations : [];

/** Runs what is missing of the first `count` migrations; seconds. */
async function migrateTo(count: number): Promise<number> {
  const source = await openDataSource({ ...all, migrations: migrations.slice(0, count) });
  const began = performance.now();
  await runMigrations(source);
  const seconds = (performance.now() - began) / 1000;
  await source.destroy();
  return seconds;
}

async function fill(connection: Connection, thousands: number): Promise<void> {
  await connection.query('CREATE TABLE numbers (n int NOT NULL PRIMARY KEY)');
  const numbers = Array.from({ length: 1000 }, (_, n) => `(${n})`).join(',');
  await connection.query(`INSERT INTO numbers VALUES ${numbers}`);
  for (let n = 0; n < thousands; n++) {
    const rows = `FROM numbers a CROSS JOIN numbers b WHERE a.n = ${n}`;
    await connection.query(`
      INSERT INTO conversation (tenant_id, id, topic, status, agent_id, user_id, inputs, extend_properties,
        message_count, version, ${AUTHORSHIP})
      SELECT ${TENANT}, ${ID}, CONCAT('Topic ', b.n), 'running', 'agent', 'ada', '{}', '{}',
        ${MESSAGES_EACH}, 1, ${AUTHORED} ${rows}`);
    for (let sequence = 1; sequence <= MESSAGES_EACH; sequence++)
      await connection.query(`
        INSERT INTO message (tenant_id, conversation_id, sequence, id, message_from, content, requested_time,
          input_tokens, answer_tokens, total_tokens, metadata, version, ${AUTHORSHIP})
        SELECT ${TENANT}, ${ID}, ${sequence}, CONCAT(${ID}, '-${sequence}'), 'user', REPEAT('A table for two. ', 10),
          '2026-01-31 08:00:00.000', 1, 2, 3, '{}', 1, ${AUTHORED} ${rows}`);
    if (n % 100 === 99) process.stderr.write(`filled ${(n + 1) / 10} %\n`);
  }
  await connection.query('DROP TABLE numbers');
}

/** Goes on until it is ended; remembers the slowest answer since it was asked last, and what was not 2xx. */
class Client {
  slowestMs = 0;
  answered = 0;
  failed = 0;
  #isEnded = false;
  readonly #done: Promise<void>;

  constructor(send: () => Promise<Response>) {
    this.#done = this.#work(send);
  }

  async end(): Promise<void> {
    this.#isEnded = true;
    await this.#done;
  }

  async #work(send: () => Promise<Response>): Promise<void> {
    while (!this.#isEnded) {
      const began = performance.now();
      const response = await send();
      await response.arrayBuffer();
      this.slowestMs = Math.max(this.slowestMs, performance.now() - began);
      if (response.ok) this.answered += 1;
      else this.failed += 1;
    }
  }
}

try {
  await migrateTo(1);
  const connection = await createConnection({ uri: database.url });
  await fill(connection, Number(options.thousands));
  await connection.end();

  const token = await tokenOf('tenant-1');
  const conversation = `${BASE_PATH}/conversations/019c0000-0000-7000-8000-000000000001`;
  const server = await MeasuredServer.start('colloquy', {
    databaseUrl: database.url,
    readyPath: conversation,
    token,
    main: resolve(options.release, 'dist/main.js'),
  });
  const request = (path: string, body?: object) => () =>
    fetch(server.url + path, {
      method: body ? 'POST' : 'GET',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
  const clients = {
    'read a page': new Client(request(`${conversation}/messages`)),
    append: new Client(request(`${conversation}/messages`, { message_from: 'user', content: 'x' })),
    create: new Client(request(`${BASE_PATH}/conversations`, {})),
  };
  const rows: string[] = [];
  for (let count = 2; count <= migrations.length; count++) {
    for (const client of Object.values(clients)) client.slowestMs = 0;
    const seconds = await migrateTo(count);
    const slowest = Object.values(clients).map(({ slowestMs }) => `${Math.round(slowestMs)} ms`);
    const migration: unknown = migrations[count - 1];
    const name = typeof migration === 'function' ? migration.name : '';
    rows.push(`| \`${name}\` | ${seconds.toFixed(2)} s | ${slowest.join(' | ')} |`);
  }
  for (const client of Object.values(clients)) await client.end();
  await server.stop();
  const names = Object.keys(clients);
  process.stdout.write(`| migration | time | slowest meanwhile: ${names.join(' | ')} |\n`);
  process.stdout.write(`| --- | --- |${' --- |'.repeat(names.length)}\n${rows.join('\n')}\n`);
  for (const [name, { answered, failed }] of Object.entries(clients))
    process.stdout.write(`${name}: ${answered} answered, ${failed} failed\n`);
} finally {
  await database.stop();
}
