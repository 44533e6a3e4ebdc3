// `npm run bench:feed [-- --events 10000000]`: what the feed costs those who write, and what those who read get, in one
// run on one machine. `--only` names parts: cost, latency, pages, reading, streams. Prints a table in Markdown.
import { parseArgs } from 'node:util';
import { startDatabase } from './database.js';
import { measureCost } from './feed/cost.js';
import { fillFeed, measurePages, measureReading } from './feed/large-feed.js';
import { measureLatency } from './feed/latency.js';
import { measureStreams } from './feed/open-streams.js';
import type { Row } from './feed/row.js';
import { describeMachine, OTHER_CORE, pin } from './machine.js';
import { Progress } from './progress.js';
import { table } from './report.js';
import { MeasuredServer } from './servers.js';
import { tokenOf } from './tokens.js';

const PARTS = ['cost', 'latency', 'pages', 'reading', 'streams'];

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: PARTS },
    rounds: { type: 'string', default: '15' },
    seconds: { type: 'string', default: '1' },
    /** Of the parts beside `cost`. */
    'reading-seconds': { type: 'string', default: '15' },
    events: { type: 'string', default: '1000000' },
    streams: { type: 'string', default: '500' },
  },
});
const [rounds, seconds, readingSeconds, events, streams] = [
  Number(options.rounds),
  Number(options.seconds),
  Number(options['reading-seconds']),
  Number(options.events),
  Number(options.streams),
];
const has = (part: string) => options.only.includes(part);

/** What readers get: one process with both roles, on a database of its own. */
async function measureReaders(progress: Progress): Promise<{ rows: Row[]; version: string }> {
  const database = await startDatabase();
  try {
    const server = await MeasuredServer.start('colloquy', {
      databaseUrl: database.url,
      readyPath: '/readyz',
      token: await tokenOf('live'),
      nodeOptions: ['--expose-gc'],
    });
    const rows: Row[] = [];
    if (has('latency')) {
      progress.show('writing and reading', 0);
      rows.push(...(await measureLatency(server, readingSeconds)));
    }
    if (has('pages') || has('reading')) await fillFeed(database, events, progress);
    if (has('pages')) rows.push(...(await measurePages(server, events, progress)));
    if (has('reading')) {
      progress.show('reading all', 0);
      rows.push(...(await measureReading(server, events, readingSeconds)));
    }
    if (has('streams')) {
      progress.show('holding streams open', 0);
      rows.push(...(await measureStreams(server, streams, readingSeconds)));
    }
    await server.stop();
    return { rows, version: database.version };
  } finally {
    await database.stop();
  }
}

const progress = new Progress();
pin(process.pid, OTHER_CORE);
const cost = has('cost') ? await measureCost(progress, { rounds, seconds }) : [];
const { rows, version } = await measureReaders(progress);
progress.end();

const { cpu, cores, memoryGiB } = describeMachine();
const cells = [...cost, ...rows].map(({ what, figure, wanted = '' }) => [what, figure, wanted]);
process.stdout.write(
  `${table(['', 'figure', 'wanted'], cells)}

${cores} cores of ${cpu}, ${memoryGiB} GiB, Node.js ${process.versions.node}, MariaDB ${version}; ${rounds} rounds.
`,
);
