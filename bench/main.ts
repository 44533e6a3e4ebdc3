// `npm run bench [-- --full]`: measures the floor, the stock solution and Colloquy in turns, and writes
// bench/results.json and docs/performance.md. `--report` writes the page again from the results that are there;
// `--brief` measures the operations alone, and writes nothing. `--huge` measures growth alone, in a database of millions
// of conversations and messages, and adds it to the page; it takes what is said there.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measureCombinations, measureIndexCosts } from './combinations.js';
import { countOperations } from './counts.js';
import { type Plan, planOf, tenantsOf } from './dataset/tenants.js';
import { Environment } from './environment.js';
import { installedSize, measureStarts } from './footprint.js';
import { measureGrowth } from './growth.js';
import { describeMachine, OTHER_CORE, pin, ROOT, SCRATCH } from './machine.js';
import { measureMemory } from './memory.js';
import { OPERATIONS } from './operations.js';
import { type ProfileSummary, summarise } from './profile.js';
import { Progress } from './progress.js';
import { Random } from './random.js';
import { ratioTable, reportOf } from './report.js';
import type { HugeGrowth, Results } from './results.js';
import { CONNECTIONS, measureRounds } from './rounds.js';
import { MeasuredServer, POOL_SIZE, VARIANTS } from './servers.js';
import { verifySameAnswers } from './verify.js';

const SEED = 1;
const RUNS = {
  quick: { rounds: 3, seconds: 1.5, growthRounds: 3, requests: 20_000 },
  full: { rounds: 5, seconds: 3, growthRounds: 5, requests: 1_000_000 },
};
const RESULTS = join(ROOT, 'bench/results.json');
const PAGE = join(ROOT, 'docs/performance.md');
const CHARTS = join(ROOT, 'docs/performance');

const { values: options } = parseArgs({
  options: {
    full: { type: 'boolean', default: false },
    report: { type: 'boolean', default: false },
    brief: { type: 'boolean', default: false },
    huge: { type: 'boolean', default: false },
  },
});
const scale = options.full ? 'full' : 'quick';

async function measure(): Promise<Results> {
  const progress = new Progress();
  const random = new Random(SEED);
  const { rounds, seconds, growthRounds, requests } = RUNS[scale];
  pin(process.pid, OTHER_CORE);
  const plan = planOf(scale);
  const environment = await Environment.prepare(plan, { sqlite: true, seed: SEED, progress });
  try {
    const starts = await measureStarts(environment, { random, progress });
    const counts: Results['counts'] = {};
    for (const variant of ['floor', 'stock', 'colloquy'] as const)
      counts[variant] = Object.fromEntries(await countOperations(environment, variant, OPERATIONS, progress));
    const servers: MeasuredServer[] = [];
    for (const variant of VARIANTS) servers.push(await environment.start(variant));
    await verifySameAnswers(environment, servers);
    const operations = await measureRounds(environment, servers, OPERATIONS, {
      rounds,
      seconds,
      random,
      progress,
    });
    const own = servers.filter(({ variant }) => variant.startsWith('colloquy'));
    const profiles = await profile(environment, own, random, progress);
    const growth = await measureGrowth(environment, own, { rounds: growthRounds, random, progress });
    const [colloquy] = own;
    if (!colloquy) throw new Error('Colloquy was not started.');
    const combinations = await measureCombinations(environment, colloquy, progress);
    for (const server of servers) await server.stop();
    const indexCosts = await measureIndexCosts(environment, progress);
    const memory = await measureMemory(environment, { requests, random, progress });
    return {
      scale,
      date: new Date().toISOString().slice(0, 10),
      commit: commitOf(),
      machine: describeMachine(),
      versions: versionsOf(environment),
      settings: { rounds, seconds, connections: CONNECTIONS, poolSize: POOL_SIZE },
      data: { text: environment.textSource, ...sizesOf(plan) },
      operations,
      counts,
      growth,
      combinations,
      indexCosts,
      starts,
      installed: installedSize(),
      memory,
      profiles,
    };
  } finally {
    progress.end();
    await environment.stop();
  }
}

/** Growth in a database that is several times as large as its server's memory. */
async function measureHuge(): Promise<HugeGrowth> {
  const progress = new Progress();
  const random = new Random(SEED);
  pin(process.pid, OTHER_CORE);
  const plan = planOf('huge');
  const environment = await Environment.prepare(plan, { sqlite: false, seed: SEED, progress });
  try {
    const size = await environment.database.size();
    const server = await environment.start('colloquy');
    const growth = await measureGrowth(environment, [server], {
      rounds: RUNS.full.growthRounds,
      random,
      progress,
    });
    await server.stop();
    const date = new Date().toISOString().slice(0, 10);
    return { date, commit: commitOf(), data: { ...sizesOf(plan), ...size }, growth };
  } finally {
    progress.end();
    await environment.stop();
  }
}

const commitOf = (): string =>
  execFileSync('git', ['describe', '--always', '--dirty'], { cwd: ROOT, encoding: 'utf8' }).trim();

const sizesOf = (plan: Plan) => ({
  conversations: tenantsOf(plan).reduce((sum, { conversations }) => sum + conversations, 0),
  largestTenant: plan.large.conversations,
  longestConversation: plan.large.longConversation ?? 0,
});

/** CPU of each operation against the floor, and where it goes. */
async function measureBriefly(): Promise<void> {
  const progress = new Progress();
  const random = new Random(SEED);
  pin(process.pid, OTHER_CORE);
  const environment = await Environment.prepare(planOf('quick'), { sqlite: false, seed: SEED, progress });
  try {
    const servers: MeasuredServer[] = [];
    for (const variant of VARIANTS.filter((one) => one !== 'colloquy-sqlite'))
      servers.push(await environment.start(variant));
    const operations = await measureRounds(environment, servers, OPERATIONS, {
      rounds: RUNS.quick.rounds,
      seconds: RUNS.quick.seconds,
      random,
      progress,
    });
    const profiles = await profile(environment, servers, random, progress);
    progress.end();
    process.stdout.write(`${ratioTable(operations)}\n`);
    for (const [id, packages] of Object.entries(profiles))
      process.stdout.write(`${id}: ${JSON.stringify(packages)}\n`);
  } finally {
    progress.end();
    await environment.stop();
  }
}

const PROFILED_SECONDS = 3;

/** Where the time of Colloquy on MariaDB goes. */
async function profile(
  environment: Environment,
  servers: readonly MeasuredServer[],
  random: Random,
  progress: Progress,
): Promise<Record<string, ProfileSummary>> {
  const profiles: Record<string, ProfileSummary> = {};
  const server = servers.find(({ variant }) => variant === 'colloquy');
  for (const [index, operation] of OPERATIONS.entries()) {
    if (!server) break;
    progress.show(`profiling, ${operation.id}`, index / OPERATIONS.length);
    const file = join(SCRATCH, `${operation.id}.cpuprofile`);
    const requests = operation.requests(environment.data, random);
    await server.ask({ ask: 'profile' });
    await environment.send(server, requests, { connections: CONNECTIONS, seconds: PROFILED_SECONDS });
    await server.ask({ ask: 'profiled', file });
    profiles[operation.id] = summarise(file);
  }
  return profiles;
}

function versionsOf({ database }: Environment): Record<string, string> {
  const names = ['@nestjs/core', 'typeorm', 'fastify', 'mysql2', 'better-sqlite3', 'autocannon'];
  const packages = names.map((name): [string, string] => {
    const manifest = readFileSync(join(ROOT, 'node_modules', name, 'package.json'), 'utf8');
    return [name, (JSON.parse(manifest) as { version: string }).version];
  });
  return { 'Node.js': process.versions.node, MariaDB: database.version, ...Object.fromEntries(packages) };
}

if (options.brief) {
  await measureBriefly();
  process.exit();
}
const earlier = JSON.parse(readFileSync(RESULTS, 'utf8')) as Results;
const results = await (async (): Promise<Results> => {
  if (options.report) return earlier;
  if (options.huge) return { ...earlier, huge: await measureHuge() };
  return { ...(await measure()), ...(earlier.huge && { huge: earlier.huge }) };
})();
const { tables, page, charts } = reportOf(results);
mkdirSync(CHARTS, { recursive: true });
writeFileSync(RESULTS, `${JSON.stringify(results, null, 1)}\n`);
writeFileSync(PAGE, page);
for (const [name, chart] of Object.entries(charts)) writeFileSync(join(CHARTS, name), chart);
process.stdout.write(`${tables}\nWritten: bench/results.json, docs/performance.md\n`);
