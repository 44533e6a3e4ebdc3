import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseConfig } from '../src/config/app-config.js';
import { ConversationCountsAudit } from '../src/conversations/conversation-counts.audit.js';
import { dataSourceOptions, openDataSource } from '../src/database/engines/data-source.js';
import { runMigrations } from '../src/database/schema/migrate.js';
import { loadConfig } from '../src/config/load-config.js';
import { type Database, startDatabase } from './database.js';
import { readDialogues } from './dataset/dialogues.js';
import { copyTenant, loadTenant, mysqlSink, type Sink, sqliteSink } from './dataset/load.js';
import { type Plan, rowsOf, type TenantPlan, tenantsOf } from './dataset/tenants.js';
import { LoadGenerator, type LoadJob, type LoadResult } from './load-generator.js';
import { EVERY_CORE, OTHER_CORE, pin, SCRATCH } from './machine.js';
import type { BenchRequest, Dataset } from './operations.js';
import type { Progress } from './progress.js';
import { MeasuredServer, type StartOptions, type Variant } from './servers.js';
import { tokenOf } from './tokens.js';

const SQLITE_FILE = join(SCRATCH, 'bench.sqlite');

/** The database with its data, the load generator, and what it takes to start a server on them. */
export class Environment {
  readonly #tokens = new Map<string, string>();

  private constructor(
    readonly database: Database,
    readonly data: Dataset,
    readonly textSource: string,
    private readonly generator: LoadGenerator,
  ) {}

  static async prepare(
    plan: Plan,
    options: { sqlite: boolean; seed: number; progress: Progress },
  ): Promise<Environment> {
    const database = await startDatabase();
    try {
      // Nothing is measured while it is filled.
      pin(database.processId, EVERY_CORE);
      const { data, source } = await load(database, plan, options);
      pin(database.processId, OTHER_CORE);
      return new Environment(database, data, source, new LoadGenerator());
    } catch (error) {
      await database.stop();
      throw error;
    }
  }

  async start(variant: Variant, more: Partial<StartOptions> = {}): Promise<MeasuredServer> {
    const [tenant] = this.data.read;
    if (!tenant) throw new Error('There is no tenant to read.');
    return MeasuredServer.start(variant, {
      databaseUrl: variant === 'colloquy-sqlite' ? `sqlite:${SQLITE_FILE}` : this.database.url,
      readyPath: `/admin/api/v2/conversations/${tenant.ids[0] ?? ''}`,
      token: await this.#tokenOf(tenant.id),
      ...more,
    });
  }

  async send(
    server: MeasuredServer,
    requests: readonly BenchRequest[],
    job: Omit<LoadJob, 'url' | 'requests'>,
  ): Promise<LoadResult> {
    const signed = await Promise.all(
      requests.map(async ({ method, path, body, tenantId }) => ({
        method,
        path,
        headers: {
          authorization: `Bearer ${await this.#tokenOf(tenantId)}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body }),
      })),
    );
    return this.generator.run({ ...job, url: server.url, requests: signed });
  }

  /** The body of one answer; throws unless it is 2xx. */
  async fetch(server: MeasuredServer, { method, path, body, tenantId }: BenchRequest): Promise<string> {
    const response = await fetch(server.url + path, {
      method,
      headers: {
        authorization: `Bearer ${await this.#tokenOf(tenantId)}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${server.variant} answers ${response.status} to ${path}: ${text}`);
    return text;
  }

  async stop(): Promise<void> {
    await this.generator.stop();
    await this.database.stop();
    removeSqlite();
  }

  async #tokenOf(tenantId: string): Promise<string> {
    const token = this.#tokens.get(tenantId) ?? (await tokenOf(tenantId));
    this.#tokens.set(tenantId, token);
    return token;
  }
}

const removeSqlite = () => ['', '-wal', '-shm'].forEach((end) => rmSync(SQLITE_FILE + end, { force: true }));

/** Makes the schema by the service's own migrations and fills it, with the same rows in every database. */
async function load(
  database: Database,
  plan: Plan,
  { sqlite, seed, progress }: { sqlite: boolean; seed: number; progress: Progress },
): Promise<{ data: Dataset; source: string }> {
  const { dialogues, source } = readDialogues();
  const configs = [configOf(database.url)];
  const sinks: Sink[] = [await mysqlSink(database.connection)];
  let file: ReturnType<typeof sqliteSink> | undefined;
  removeSqlite();
  if (sqlite) configs.push(configOf(`sqlite:${SQLITE_FILE}`));
  for (const config of configs) await withDataSource(config, (dataSource) => runMigrations(dataSource));
  if (sqlite) sinks.push((file = sqliteSink(SQLITE_FILE)));

  const plans = tenantsOf(plan);
  const all = plans.reduce((sum, one) => sum + rowsOf(one, dialogues), 0);
  let loaded = 0;
  const onRows = (rows: number) => {
    loaded += rows;
    progress.show(`loading, ${Math.round(loaded).toLocaleString('en')} rows`, Math.min(1, loaded / all));
  };
  const fill = async (one: TenantPlan, index: number) =>
    loadTenant(one, dialogues, seed + index, sinks, onRows);
  const fillAll = async (some: readonly TenantPlan[], from: number) => {
    const tenants = [];
    for (const [index, one] of some.entries()) tenants.push(await fill(one, from + index));
    return tenants;
  };
  const data: Dataset = {
    read: await fillAll(plan.read, 0),
    written: await fillAll(plan.written, 100),
    small: await fill(plan.small, 200),
    large: await fill(plan.large, 201),
    dialogues,
  };
  await fillAll(plan.tiny, 300);
  const [other, ...copies] = plan.others;
  if (other) {
    await fill(other, 1_000);
    await copyTenant(database.url, other, copies, () => onRows(rowsOf(other, dialogues)));
  }
  file?.close();

  for (const config of configs)
    await withDataSource(config, async (dataSource) => {
      const counts = new ConversationCountsAudit(dataSource);
      for (const { id } of plans) await counts.rebuild(id);
    });
  await database.connection.query('ANALYZE TABLE conversation, message, conversation_count');
  return { data, source };
}

const configOf = (url: string): DatabaseConfig =>
  loadConfig({ environment: { DATABASE_URL: url, DATABASE_POOL_SIZE: '2' } }).database;

async function withDataSource<T>(
  config: DatabaseConfig,
  work: (dataSource: Awaited<ReturnType<typeof openDataSource>>) => Promise<T>,
): Promise<T> {
  const dataSource = await openDataSource(await dataSourceOptions(config));
  try {
    return await work(dataSource);
  } finally {
    await dataSource.destroy();
  }
}
