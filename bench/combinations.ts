import type { RowDataPacket } from 'mysql2/promise';
import { BASE_PATH } from '../src/http/resource.js';
import { readCounters } from './database.js';
import { AGENTS, UNITS } from './dataset/generate.js';
import type { LoadedTenant } from './dataset/load.js';
import type { Environment } from './environment.js';
import type { BenchRequest } from './operations.js';
import type { Progress } from './progress.js';
import type { MeasuredServer } from './servers.js';
import { type Spread, spreadOf } from './statistics.js';

/** What page 1 with its total costs where no index has the filter in the order of the list. */
export interface CombinationResult {
  title: string;
  /** Columns behind `tenant_id` of an index that would have it. */
  cure: string;
  /** Rows that the engine reads, where the filter lets some rows through and where it lets none. */
  someRows: Sizes;
  noneRows: Sizes;
  noneMs: Sizes;
}

interface Sizes {
  small: number;
  large: number;
}

/** Time of an append's and of a create's statement on `conversation` with one more index, as a multiple of that without. */
export interface IndexCost {
  columns: string;
  appendTime: Spread;
  createTime: Spread;
}

interface Combination {
  title: string;
  cure: string;
  common: Record<string, string>;
  some: Record<string, string>;
  none: Record<string, string>;
}

const agent = { agent_id: AGENTS[1] ?? '' };
const unit = { tenant_unit_id: UNITS[1] ?? '' };
const status = { some: { status: 'input_required' }, none: { status: 'queued' } };
const active = { order: 'active' };
const nobody = (name: string) => ({ [name]: 'nobody' });

/** One conversation in twenty needs input and none is queued; agents, users and assignments are as the data has them. */
const COMBINATIONS: readonly Combination[] = [
  { title: 'recent, agent and status', cure: 'agent_id, status, id', common: agent, ...status },
  { title: 'recent, user and status', cure: 'user_id, status, id', common: { user_id: 'user-7' }, ...status },
  {
    title: 'recent, assignment and status',
    cure: 'assignment_id, status, id',
    common: { assignment_id: 'assignment-7' },
    ...status,
  },
  { title: 'active, status', cure: 'status, updated_time, id', common: active, ...status },
  {
    title: 'active, agent',
    cure: 'agent_id, updated_time, id',
    common: active,
    some: agent,
    none: nobody('agent_id'),
  },
  {
    title: 'active, assignment',
    cure: 'assignment_id, updated_time, id',
    common: active,
    some: { assignment_id: 'assignment-7' },
    none: nobody('assignment_id'),
  },
  {
    title: 'active, unit and agent',
    cure: 'tenant_unit_id, agent_id, updated_time, id',
    common: { ...active, ...unit },
    some: agent,
    none: nobody('agent_id'),
  },
  {
    title: 'active, unit and user',
    cure: 'tenant_unit_id, user_id, updated_time, id',
    common: { ...active, ...unit },
    some: { user_id: 'user-7' },
    none: nobody('user_id'),
  },
];

const TIMED_REQUESTS = 5;

export async function measureCombinations(
  environment: Environment,
  server: MeasuredServer,
  progress: Progress,
): Promise<CombinationResult[]> {
  const { small, large } = environment.data;
  const results: CombinationResult[] = [];
  for (const [index, { title, cure, common, some, none }] of COMBINATIONS.entries()) {
    progress.show(`measuring combinations, ${title}`, index / COMBINATIONS.length);
    const ofBoth = async (measure: (tenant: LoadedTenant) => Promise<number>): Promise<Sizes> => ({
      small: await measure(small),
      large: await measure(large),
    });
    const rows = (filter: Record<string, string>) => (tenant: LoadedTenant) =>
      rowsRead(environment, server, list(tenant, { ...common, ...filter }));
    const times = async (tenant: LoadedTenant) => {
      const sample = { connections: 1, amount: TIMED_REQUESTS };
      return (await environment.send(server, [list(tenant, { ...common, ...none })], sample)).p50Ms;
    };
    results.push({
      title,
      cure,
      someRows: await ofBoth(rows(some)),
      noneRows: await ofBoth(rows(none)),
      noneMs: await ofBoth(times),
    });
  }
  return results;
}

const list = ({ id }: LoadedTenant, parameters: Record<string, string>): BenchRequest => ({
  method: 'GET',
  path: `${BASE_PATH}/conversations?${new URLSearchParams(parameters).toString()}`,
  tenantId: id,
});

async function rowsRead(
  environment: Environment,
  server: MeasuredServer,
  request: BenchRequest,
): Promise<number> {
  const { connection } = environment.database;
  // Asking reads rows, too.
  const empty = await readCounters(connection);
  const before = await readCounters(connection);
  await environment.fetch(server, request);
  const after = await readCounters(connection);
  return after.rowsRead - before.rowsRead - (before.rowsRead - empty.rowsRead);
}

const ROWS = 20_000;
const CHANGES_PER_ROUND = 1_000;
const COST_ROUNDS = 7;

/** Compares the statements of an append and of a create on copies of the table, one of which has one index more. */
export async function measureIndexCosts(environment: Environment, progress: Progress): Promise<IndexCost[]> {
  const { connection } = environment.database;
  const { large } = environment.data;
  const timed = async (sql: string, parameters: unknown[]) => {
    const started = performance.now();
    await connection.query(sql, parameters);
    return performance.now() - started;
  };
  const [found] = await connection.query<RowDataPacket[]>(
    'SELECT id FROM conversation WHERE tenant_id = ? ORDER BY id LIMIT ?',
    [large.id, ROWS],
  );
  const ids = found.map(({ id }) => String(id));
  // The two take turns, and to be first as well, so that both see the same machine.
  const compare = async (change: (table: string, round: number) => Promise<number>): Promise<Spread> => {
    const ratios: number[] = [];
    for (let round = 0; round < COST_ROUNDS; round++) {
      const times = { index_cost_without: NaN, index_cost_with: NaN };
      const tables = ['index_cost_without', 'index_cost_with'] as const;
      for (const table of round % 2 === 0 ? tables : tables.toReversed())
        times[table] = await change(table, round);
      ratios.push(times.index_cost_with / times.index_cost_without);
    }
    return spreadOf(ratios);
  };
  const costs: IndexCost[] = [];
  for (const [index, { cure }] of COMBINATIONS.entries()) {
    progress.show(`measuring an index on ${cure}`, index / COMBINATIONS.length);
    for (const table of ['index_cost_without', 'index_cost_with']) {
      await connection.query(`DROP TABLE IF EXISTS ${table}`);
      await connection.query(`CREATE TABLE ${table} LIKE conversation`);
      if (table === 'index_cost_with')
        await connection.query(`CREATE INDEX cure ON ${table} (tenant_id, ${cure})`);
      await connection.query(
        `INSERT INTO ${table} SELECT * FROM conversation WHERE tenant_id = ? ORDER BY id LIMIT ?`,
        [large.id, ROWS],
      );
    }
    // The rows of each round lie scattered, as those of appends do.
    const append = (table: string, round: number) =>
      timed(
        `UPDATE ${table} SET message_count = message_count + 1, version = version + 1,
         updated_time = updated_time + INTERVAL 1 HOUR WHERE tenant_id = ? AND id IN (?)`,
        [large.id, ids.filter((_, n) => n % (ROWS / CHANGES_PER_ROUND) === round)],
      );
    const create = (table: string, round: number) =>
      timed(
        `INSERT INTO ${table} SELECT * FROM conversation WHERE tenant_id = ? ORDER BY id DESC LIMIT ? OFFSET ?`,
        [large.id, CHANGES_PER_ROUND, round * CHANGES_PER_ROUND],
      );
    costs.push({
      columns: cure,
      appendTime: await compare(append),
      createTime: await compare(create),
    });
  }
  await connection.query('DROP TABLE index_cost_without, index_cost_with');
  return costs;
}
