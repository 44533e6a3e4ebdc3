// `npm run bench:compare -- --before <folder with dist/>` or `-- --before-setting EVENTS=off`: what the service costs
// against another build of it, or against itself with another setting, in turns on one database. A second process of
// the service itself is the control: what it differs by is noise. Prints a table in Markdown.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Comparison, textOf } from './comparison.js';
import { planOf } from './dataset/tenants.js';
import { Environment } from './environment.js';
import { OTHER_CORE, pin } from './machine.js';
import { OPERATIONS } from './operations.js';
import { Progress } from './progress.js';
import { Random } from './random.js';
import type { Sample } from './rounds.js';

const SEED = 1;

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
const variant = options.engine === 'sqlite' ? 'colloquy-sqlite' : 'colloquy';
const operations = OPERATIONS.filter(({ id }) => options.only.includes(id));
const settingsOf = (list: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    list.map((setting): [string, string] => {
      const [name = '', ...value] = setting.split('=');
      return [name, value.join('=')];
    }),
  );
const starts = {
  before: {
    ...(options.before !== undefined && { main: resolve(options.before, 'dist/main.js') }),
    settings: settingsOf(options['before-setting']),
  },
  now: { settings: settingsOf(options.setting) },
};

async function compare(): Promise<Comparison> {
  const progress = new Progress();
  pin(process.pid, OTHER_CORE);
  const environment = await Environment.prepare(planOf('quick'), {
    sqlite: variant === 'colloquy-sqlite',
    seed: SEED,
    progress,
  });
  try {
    return await Comparison.run(environment, {
      variant,
      starts,
      operations,
      rounds: Number(options.rounds),
      seconds: Number(options.seconds),
      random: new Random(SEED),
      progress,
    });
  } finally {
    progress.end();
    await environment.stop();
  }
}

const MEASURES: [title: string, measure: keyof Sample][] = [
  ['requests/s', 'requestsPerSecond'],
  ['CPU of the service', 'cpuMs'],
  ['CPU of the database', 'databaseCpuMs'],
];

const comparison = await compare();
const lines = [
  `| | ${MEASURES.map(([title]) => `${title}, now/before | control`).join(' | ')} |`,
  `| --- |${' --- |'.repeat(2 * MEASURES.length)}`,
  ...operations.map(({ id }) => {
    const cells = MEASURES.flatMap(([, measure]) => [
      textOf(comparison.ratios(id, 'now', 'before', measure)),
      textOf(comparison.ratios(id, 'control', 'now', measure)),
    ]);
    return `| ${id} | ${cells.join(' | ')} |`;
  }),
];
process.stdout.write(`${lines.join('\n')}\n`);
