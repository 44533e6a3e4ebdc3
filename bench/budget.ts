// `npm run bench:budget`: counts what each operation of Colloquy does, and fails when it is more than
// bench/budget.json allows; and compares what it costs to read a body with JSON.parse. Nothing here depends on how busy
// the machine is.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bodyCosts } from './bodies.js';
import { type Counts, countOperations } from './counts.js';
import { planOf } from './dataset/tenants.js';
import { Environment } from './environment.js';
import { ROOT } from './machine.js';
import { OPERATIONS, OWN_OPERATIONS } from './operations.js';
import { Progress } from './progress.js';

type Budget = Record<string, Counts>;

const SEED = 1;
/** How exactly each count is compared: what the service does now and then in the background is not counted. */
const DIGITS: Counts = { statements: 1, roundTrips: 1, rowsRead: 0, allocatedBytes: 0 };

const budget = JSON.parse(readFileSync(join(ROOT, 'bench/budget.json'), 'utf8')) as Budget;
const progress = new Progress();
const environment = await Environment.prepare(planOf('budget'), { sqlite: false, seed: SEED, progress });
let exceeded = 0;
try {
  const operations = [...OPERATIONS, ...OWN_OPERATIONS].filter(({ id }) => id in budget);
  const counts = await countOperations(environment, 'colloquy', operations, progress);
  progress.end();
  for (const { id } of operations) {
    const cells = (Object.keys(DIGITS) as (keyof Counts)[]).map((name) => {
      const counted = Number((counts.get(id)?.[name] ?? NaN).toFixed(DIGITS[name]));
      const allowed = budget[id]?.[name] ?? 0;
      const within = counted <= allowed;
      if (!within) exceeded += 1;
      return `${name} ${counted} of ${allowed}${within ? '' : ' EXCEEDED'}`;
    });
    process.stdout.write(`${id.padEnd(12)} ${cells.join(', ')}\n`);
  }
} finally {
  await environment.stop();
}
// Told and not judged: a ratio of times depends on what else the machine does.
for (const { body, kilobytes, parseMs, readMs, wanted } of bodyCosts()) {
  const cost = `${readMs.toFixed(3)} ms, ${(readMs / parseMs).toFixed(1)} times JSON.parse, wanted ${wanted}`;
  process.stdout.write(`reading ${body} (${kilobytes.toFixed(1)} KiB): ${cost}\n`);
}
if (exceeded > 0) {
  process.stdout.write(`More than is allowed: ${exceeded}\n`);
  process.exitCode = 1;
}
