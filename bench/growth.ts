import { BASE_PATH } from '../src/http/resource.js';
import { AGENTS, UNITS } from './dataset/generate.js';
import type { LoadedTenant } from './dataset/load.js';
import type { Environment } from './environment.js';
import type { BenchRequest } from './operations.js';
import type { Progress } from './progress.js';
import type { Random } from './random.js';
import type { MeasuredServer, Variant } from './servers.js';
import { type Spread, spreadOf } from './statistics.js';

/** How long one request takes in a small tenant and in a large one. */
export interface GrowthResult {
  title: string;
  /** How many times as long it may take. */
  limit: number;
  variants: Partial<Record<Variant, { smallMs: Spread; largeMs: Spread; ratio: Spread }>>;
}

interface Comparison {
  title: string;
  limit: number;
  small: BenchRequest;
  large: BenchRequest;
}

const PAGE_SIZE = 20;
const DEPTH = 0.8;
const FILTERS = {
  'no filter': {},
  unit: { tenant_unit_id: UNITS[1] ?? '' },
  agent: { agent_id: AGENTS[1] ?? '' },
  status: { status: 'completed' },
  'unit and agent': { tenant_unit_id: UNITS[1] ?? '', agent_id: AGENTS[1] ?? '' },
  'unit and status': { tenant_unit_id: UNITS[1] ?? '', status: 'completed' },
  'agent and status': { agent_id: AGENTS[1] ?? '', status: 'completed' },
};
const SAMPLE = { connections: 1, amount: 100 };

/** Compares requests to a small tenant with the same requests to a large one, one at a time. */
export async function measureGrowth(
  environment: Environment,
  servers: readonly MeasuredServer[],
  { rounds, random, progress }: { rounds: number; random: Random; progress: Progress },
): Promise<GrowthResult[]> {
  const [first] = servers;
  if (!first) return [];
  const comparisons = await comparisonsOf(environment, first);
  const results: GrowthResult[] = [];
  for (const [index, { title, limit, small, large }] of comparisons.entries()) {
    progress.show(`measuring growth, ${title}`, index / comparisons.length);
    const variants: GrowthResult['variants'] = {};
    for (const server of random.shuffled(servers)) {
      const times: { small: number[]; large: number[] } = { small: [], large: [] };
      const take = async (size: 'small' | 'large') => {
        const { p50Ms } = await environment.send(server, [size === 'small' ? small : large], SAMPLE);
        times[size].push(p50Ms);
      };
      await environment.send(server, [small, large], { ...SAMPLE, connections: 2 });
      for (let round = 0; round < rounds; round++)
        for (const size of random.shuffled<'small' | 'large'>(['small', 'large'])) await take(size);
      variants[server.variant] = {
        smallMs: spreadOf(times.small),
        largeMs: spreadOf(times.large),
        ratio: spreadOf(times.large.map((ms, round) => ms / (times.small[round] ?? NaN))),
      };
    }
    results.push({ title, limit, variants });
  }
  return results;
}

async function comparisonsOf(environment: Environment, server: MeasuredServer): Promise<Comparison[]> {
  const { small, large } = environment.data;
  const list = (tenant: LoadedTenant, parameters: Record<string, string>): BenchRequest => {
    const query = new URLSearchParams({ page_size: String(PAGE_SIZE), ...parameters }).toString();
    return { method: 'GET', path: `${BASE_PATH}/conversations?${query}`, tenantId: tenant.id };
  };
  const deepPage = (tenant: LoadedTenant) => Math.floor((tenant.conversations / PAGE_SIZE) * DEPTH);
  const cursorBehind = async (tenant: LoadedTenant, page: number) => {
    const body = await environment.fetch(server, list(tenant, { page_num: String(page) }));
    const { next_cursor: cursor } = JSON.parse(body) as { next_cursor: string };
    return list(tenant, { cursor });
  };
  const messages = (tenant: LoadedTenant, share: number): BenchRequest => {
    const page = Math.ceil(((tenant.longConversation ?? 0) / PAGE_SIZE) * share);
    const path = `${BASE_PATH}/conversations/${tenant.longId ?? ''}/messages?page=${page}&page_size=${PAGE_SIZE}`;
    return { method: 'GET', path, tenantId: tenant.id };
  };
  return [
    ...Object.entries(FILTERS).map(([title, filter]) => ({
      title: `page 1 with exact total, ${title}`,
      limit: 2,
      small: list(small, filter),
      large: list(large, filter),
    })),
    {
      title: `cursor page behind page ${deepPage(large).toLocaleString('en')}`,
      limit: 1.5,
      small: await cursorBehind(small, deepPage(small)),
      large: await cursorBehind(large, deepPage(large)),
    },
    {
      title: `page ${deepPage(large).toLocaleString('en')} by number, against page 1 of the same tenant`,
      limit: 100,
      small: list(large, {}),
      large: list(large, { page_num: String(deepPage(large)) }),
    },
    ...[0.5, 1].map((share) => ({
      title: `page of messages and their total, ${share === 1 ? 'the last' : 'in the middle'}`,
      limit: 1.5,
      small: messages(small, share),
      large: messages(large, share),
    })),
  ];
}
