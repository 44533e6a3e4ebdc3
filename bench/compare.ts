// `npm run bench:compare -- --before <folder with dist/>` or `-- --before-setting EVENTS=off`: what the service costs
// against another build of it, or against itself with another setting, in turns on one database. A second process of
// the service itself is the control: what it differs by is noise. Prints a table in Markdown.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { planOf } from './dataset/tenants.js';
import { Environment } from './environment.js';
import { OTHER_CORE, pin } from './machine.js';
import { OPERATIONS } from './operations.js';
import { Progress } from './progress.js';
import { Random } from './random.js';
import { CONNECTIONS, measure, type Sample } from './rounds.js';
import { spreadOf } from './statistics.js';

const SEED = 1;
/** Not compared: the first one finds caches empty. */
const WARM_UP = 1;

const { values: options } = parseArgs({
  options: {
    before: { type: 'string' },
    'before-setting': { type: 'string', multiple: true, default: [] },
    setting: { type: 'string', multiple: true, default: [] },
    only: { type: 'string', multiple: true, default: OPERATIONS.map(({ id }) => id) },
    engine: { type: 'string', default: 'mariadb' },
    rounds: { type: 'string', default: '15' },
    seconds: { type: 'string', default: '1' },
  },
});
const rounds = Number(options.rounds);
const seconds = Number(options.seconds);
const variant = options.engine === 'sqlite' ? 'colloquy-sqlite' : 'colloquy';
const operations = OPERATIONS.filter(({ id }) => options.only.includes(id));
const settingsOf = (list: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    list.map((setting): [string, string] => {
      const [name = '', ...value] = setting.split('=');
      return [name, value.join('=')];
    }),
  );
const now = { settings: settingsOf(options.setting) };
const STARTS = {
  before: {
    ...(options.before !== undefined && { main: resolve(options.before, 'dist/main.js') }),
    settings: settingsOf(options['before-setting']),
  },
  now,
  control: now,
};
type Name = keyof typeof STARTS;
const NAMES: Name[] = ['before', 'now', 'control'];

const progress = new Progress();
const random = new Random(SEED);
pin(process.pid, OTHER_CORE);
const environment = await Environment.prepare(planOf('quick'), {
  sqlite: variant === 'colloquy-sqlite',
  seed: SEED,
  progress,
});
const samples = new Map<string, Sample[]>();
try {
  for (let round = 0; round < rounds + WARM_UP; round++) await measureRound(round);
} finally {
  progress.end();
  await environment.stop();
}

/** SQLite has one process at a time, so that there the servers are started anew in each round. */
async function measureRound(round: number): Promise<void> {
  for (const name of random.shuffled(NAMES)) {
    const server = await environment.start(variant, STARTS[name]);
    for (const operation of random.shuffled(operations)) {
      progress.show(`measuring, round ${round}: ${operation.id}, ${name}`, round / (rounds + WARM_UP));
      const warm = operation.requests(environment.data, random);
      await environment.send(server, warm, { connections: CONNECTIONS, seconds: seconds / 2 });
      const sample = await measure(environment, server, operation, random, seconds);
      const key = `${operation.id} ${name}`;
      if (round >= WARM_UP) samples.set(key, [...(samples.get(key) ?? []), sample]);
    }
    await server.stop();
  }
}

const MEASURES: [title: string, measure: keyof Sample][] = [
  ['requests/s', 'requestsPerSecond'],
  ['CPU of the service', 'cpuMs'],
  ['CPU of the database', 'databaseCpuMs'],
];

/** Median of the rounds' ratios, with the quarters around it. */
function ratio(id: string, of: Name, to: Name, name: keyof Sample): string {
  const others = samples.get(`${id} ${to}`) ?? [];
  const ratios = (samples.get(`${id} ${of}`) ?? [])
    .map((sample, round) => sample[name] / (others[round]?.[name] ?? NaN))
    .sort((a, b) => a - b);
  const at = (share: number) => (ratios[Math.round(share * (ratios.length - 1))] ?? NaN).toFixed(2);
  return `${spreadOf(ratios).median.toFixed(2)} (${at(0.25)}–${at(0.75)})`;
}

const lines = [
  `| | ${MEASURES.map(([title]) => `${title}, now/before | control`).join(' | ')} |`,
  `| --- |${' --- |'.repeat(2 * MEASURES.length)}`,
  ...operations.map(({ id }) => {
    const cells = MEASURES.flatMap(([, name]) => [
      ratio(id, 'now', 'before', name),
      ratio(id, 'control', 'now', name),
    ]);
    return `| ${id} | ${cells.join(' | ')} |`;
  }),
];
process.stdout.write(`${lines.join('\n')}\n`);
