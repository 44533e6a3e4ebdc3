import type { GrowthResult } from './growth.js';
import { type BarGroup, barChart } from './charts.js';
import type { OperationResult } from './rounds.js';
import type { Results } from './results.js';
import { TITLES, type Variant, VARIANTS } from './servers.js';
import type { Spread } from './statistics.js';

interface Report {
  /** What the terminal shows. */
  tables: string;
  page: string;
  charts: Record<string, string>;
}

const MIB = 2 ** 20;
const HOT = 'append-hot';

const whole = (value: number) => Math.round(value).toLocaleString('en');
const fixed = (digits: number) => (value: number) => value.toFixed(digits);
const times = (value: number) => `${value.toFixed(2)}×`;
const mebibytes = (bytes: number) => `${(bytes / MIB).toFixed(0)} MiB`;
const range = ({ median, low, high }: Spread, format: (value: number) => string) =>
  `${format(median)} (${format(low)} to ${format(high)})`;

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]) =>
    `| ${widths.map((width, column) => (row[column] ?? '').padEnd(width)).join(' | ')} |`;
  return [line(head), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...rows.map(line)].join(
    '\n',
  );
}

const verdict = (ratio: Spread, target: number) =>
  ` (to reach: ${target}${ratio.median <= target ? ', reached' : ', missed'})`;

export function ratioTable(operations: readonly OperationResult[]): string {
  return table(
    [
      'operation',
      'CPU against the floor',
      'CPU against stock NestJS',
      'requests/s: floor',
      'requests/s: stock',
    ],
    operations.map(({ title, target, ratios: { floor, stock, floorCpu, stockCpu } }) => [
      title,
      range(floorCpu, times) + verdict(floorCpu, target),
      range(stockCpu, times),
      range(floor, times),
      range(stock, times),
    ]),
  );
}

function variantTable(
  { operations }: Results,
  name: 'requestsPerSecond' | 'p50Ms' | 'p99Ms' | 'cpuMs',
  format: (spread: Spread) => string,
): string {
  return table(
    ['operation', ...VARIANTS.map((variant) => TITLES[variant])],
    operations.map(({ title, variants }) => [
      title,
      ...VARIANTS.map((variant) => {
        const measured = variants[variant];
        return measured ? format(measured[name]) : '–';
      }),
    ]),
  );
}

const COUNTED: Variant[] = ['floor', 'stock', 'colloquy'];

function countTable({ operations, counts }: Results): string {
  const cell = (variant: Variant, { id, variants }: OperationResult) => {
    const counted = counts[variant]?.[id];
    if (id === HOT) return `${variants[variant]?.statements.median.toFixed(2) ?? '–'} / –`;
    return counted ? `${counted.statements.toFixed(1)} / ${counted.roundTrips.toFixed(1)}` : '–';
  };
  return table(
    [
      'operation',
      ...COUNTED.map((variant) => `${TITLES[variant]}: statements / round trips`),
      'rows read by Colloquy',
      'KiB allocated by Colloquy',
    ],
    operations.map((operation) => {
      const own = operation.id === HOT ? undefined : counts.colloquy?.[operation.id];
      return [
        operation.title,
        ...COUNTED.map((variant) => cell(variant, operation)),
        own ? own.rowsRead.toFixed(1) : '–',
        own ? (own.allocatedBytes / 1024).toFixed(0) : '–',
      ];
    }),
  );
}

const GROWN: Variant[] = ['colloquy', 'colloquy-sqlite'];

function growthTable(growth: readonly GrowthResult[], grown: readonly Variant[] = GROWN): string {
  return table(
    ['request', 'at most', ...grown.map((variant) => `${TITLES[variant]}: small, large, ratio`)],
    growth.map(({ title, limit, variants }) => [
      title,
      `${limit}×`,
      ...grown.map((variant) => {
        const measured = variants[variant];
        if (!measured) return '–';
        const { smallMs, largeMs, ratio } = measured;
        const missed = ratio.median > limit ? ', missed' : '';
        return `${smallMs.median.toFixed(2)} ms, ${largeMs.median.toFixed(2)} ms, ${times(ratio.median)}${missed}`;
      }),
    ]),
  );
}

/** How many requests a second one core could do with nothing else in its way: the servers', and that of all else. */
function boundTable({ operations }: Results): string {
  const perSecond = (cpuMs: number | undefined) => 1_000_000 / (cpuMs ?? NaN);
  return table(
    [
      'operation',
      ...BOUND.map((variant) => `${TITLES[variant]}: its core, the other core`),
      'Colloquy against stock, its core',
    ],
    operations.map(({ title, variants, ratios }) => {
      const own = (variant: Variant) => perSecond(variants[variant]?.cpuMs.median);
      const other = (variant: Variant) => perSecond(variants[variant]?.otherCpuMs.median);
      return [
        title,
        ...BOUND.map((variant) => `${whole(own(variant))}, ${whole(other(variant))}`),
        times(1 / ratios.stockCpu.median),
      ];
    }),
  );
}

const BOUND: Variant[] = ['floor', 'stock', 'colloquy'];

const combinationTable = ({ combinations }: Results) =>
  table(
    [
      'order and filters',
      'rows read, some match: small, large',
      'rows read, none match: small, large',
      'time, none match: small, large',
      'an index that has it, behind tenant_id',
    ],
    combinations.map(({ title, someRows, noneRows, noneMs, cure }) => [
      title,
      `${whole(someRows.small)}, ${whole(someRows.large)}`,
      `${whole(noneRows.small)}, ${whole(noneRows.large)}`,
      `${noneMs.small.toFixed(1)} ms, ${noneMs.large.toFixed(1)} ms`,
      cure,
    ]),
  );

const indexCostTable = ({ indexCosts }: Results) =>
  table(
    ['index, behind tenant_id', 'UPDATE of an append', 'INSERT of a create'],
    indexCosts.map(({ columns, appendTime, createTime }) => [
      columns,
      range(appendTime, times),
      range(createTime, times),
    ]),
  );

function startTable({ starts, operations }: Results): string {
  return table(
    ['', 'start to first answer', 'CPU of the start', 'memory idle', 'memory under load'],
    VARIANTS.flatMap((variant) => {
      const start = starts[variant];
      const loaded = operations.map(({ variants }) => variants[variant]?.residentBytes.high ?? 0);
      if (!start) return [];
      return [
        [
          TITLES[variant],
          `${whole(start.readyMs.median)} ms`,
          `${whole(start.cpuMs.median)} ms`,
          mebibytes(start.idleResidentBytes.median),
          mebibytes(Math.max(...loaded)),
        ],
      ];
    }),
  );
}

const memoryTable = ({ memory }: Results) =>
  table(
    ['requests so far', 'heap', 'resident'],
    memory.map(({ requests, heapBytes, residentBytes }) => [
      whole(requests),
      `${(heapBytes / MIB).toFixed(1)} MiB`,
      mebibytes(residentBytes),
    ]),
  );

const LISTED_PACKAGES = 10;

const profileTable = ({ profiles }: Results) =>
  table(
    ['operation', 'share of the busy time'],
    Object.entries(profiles).map(([id, packages]) => [
      id,
      packages
        .slice(0, LISTED_PACKAGES)
        .map(([name, share]) => `${name} ${(share * 100).toFixed(0)} %`)
        .join(', '),
    ]),
  );

function hugeSection({ huge }: Results): string {
  if (!huge) return '';
  const { conversations, messages, bytes, largestTenant, longestConversation } = huge.data;
  return `### On one server that is much smaller than its data

\`npm run bench -- --huge\`, ${huge.date}, commit ${huge.commit}: ${whole(conversations)} conversations and about ${(messages / 1e6).toFixed(1)} million messages, ${(bytes / 2 ** 30).toFixed(1)} GiB with their indexes, on a MariaDB with a buffer pool of 1 GiB. The same requests, to a tenant of 1,000 conversations and one of ${whole(largestTenant)}, and to a conversation of 200 messages and one of ${whole(longestConversation)}:

${growthTable(huge.growth, ['colloquy'])}

A page far behind by its number is reached by walking all that is before it, so it takes as much longer as it is farther away; a cursor does not.

`;
}

function chartsOf({ operations, growth }: Results): Record<string, string> {
  const groups = (
    valueOf: (operation: OperationResult, variant: Variant) => number,
    format: (value: number) => string,
  ): BarGroup[] =>
    operations.map((operation) => ({
      label: operation.id,
      bars: VARIANTS.map((variant) => {
        const value = valueOf(operation, variant);
        return { series: TITLES[variant], value, text: format(value) };
      }),
    }));
  const rate = ({ variants }: OperationResult, variant: Variant) =>
    variants[variant]?.requestsPerSecond.median ?? 0;
  const cpu = ({ variants }: OperationResult, variant: Variant) => variants[variant]?.cpuMs.median ?? 0;
  const grown = growth.map(({ title, variants }): BarGroup => {
    const { smallMs, largeMs } = variants.colloquy ?? {};
    const bar = (series: string, spread: Spread | undefined) => ({
      series,
      value: Math.log10(1 + 10 * (spread?.median ?? 0)),
      text: `${spread?.median.toFixed(2) ?? '–'} ms`,
    });
    return {
      label: title
        .replace(/^page 1 with exact total, /, 'page 1: ')
        .replace(/, against .*/, '')
        .replace('page of messages and their total', 'messages'),
      bars: [bar('small', smallMs), bar('large', largeMs)],
    };
  });
  return {
    'requests.svg': barChart(
      'Requests a second: medians, as multiples of the floor’s',
      groups((operation, variant) => rate(operation, variant) / rate(operation, 'floor'), times),
      1,
    ),
    'cpu.svg': barChart(
      'CPU time of the service for a request: medians, as multiples of the floor’s',
      groups((operation, variant) => cpu(operation, variant) / cpu(operation, 'floor'), times),
      1,
    ),
    'growth.svg': barChart('One request to a small and to a large tenant (logarithmic)', grown),
  };
}

/** The tables, the page and its charts, made from nothing but the results. */
export function reportOf(results: Results): Report {
  const { machine, versions, settings, data, installed, scale } = results;
  const ratios = ratioTable(results.operations);
  const rates = variantTable(results, 'requestsPerSecond', (spread) => range(spread, whole));
  const latencies = table(
    ['operation', ...VARIANTS.map((variant) => TITLES[variant])],
    results.operations.map(({ title, variants }) => [
      title,
      ...VARIANTS.map((variant) => {
        const measured = variants[variant];
        return measured ? `${measured.p50Ms.median.toFixed(1)} / ${measured.p99Ms.median.toFixed(1)}` : '–';
      }),
    ]),
  );
  const cpu = variantTable(results, 'cpuMs', ({ median }) => fixed(0)(median));
  const counts = countTable(results);
  const growth = growthTable(results.growth);
  const starts = startTable(results);
  const memory = memoryTable(results);
  const described = Object.entries({ ...machine, ...versions })
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
  const again = scale === 'full' ? 'npm run bench -- --full' : 'npm run bench';
  const page = `# Performance

Made by \`${again}\` from [bench/results.json](../bench/results.json); do not edit. Taken on ${results.date} at commit ${results.commit}, on ${machine.cores} cores of ${machine.cpu} with ${machine.memoryGiB} GiB, shared with others (${machine.platform}; Node.js ${versions['Node.js']}, MariaDB ${versions.MariaDB}).

**Read the ratios, not the absolute figures.** On a machine that is shared with others the same request may take twice as long a minute later. So the servers take turns, in random order, for ${settings.rounds} rounds of ${settings.seconds} s for each operation; a figure is the median of the rounds, with the lowest and the highest in brackets, and a ratio is taken within each round.

- **The floor**: Fastify, mysql2 and SQL written by hand, with the same rows, counters, credential check (a verified token is remembered for a minute) and the same response, byte for byte. Bodies are checked against their JSON schemas by Fastify; there is no further validation, log, metrics, errors, retries or limits.
- **Stock NestJS**: what a good team builds in a day as the guides show: Express, TypeORM repositories, ValidationPipe, ClassSerializerInterceptor, a guard that verifies the token of each request. It keeps no counters (it counts the rows) and gives the same members and values.
- **Colloquy**: as it ships, in production mode: JWT, tenant guard, validation, log, metrics.
- **Colloquy on SQLite**: the same with a file, durable as well (\`synchronous = FULL\`).

Before anything is measured, the answers of the servers are compared. ${settings.connections} connections of autocannon send the requests; the servers have ${settings.poolSize} connections to the database. ${machine.pinned === true ? 'The server under test runs on one core, where the others idle; the database and the load generator share the second. Where that one is full, compare CPU, not requests a second.' : 'Nothing was pinned to a core.'}

## Ratios

CPU time of Colloquy for a request as a multiple of the others' (less is better), and its requests a second likewise, which depend on how a small machine shares its cores and have no target. More requests than the floor means fewer round trips or shared commits, not less work: see [Work for each request](#work-for-each-request).

${ratios}

![Requests a second](performance/requests.svg)

## Requests a second

${rates}

## Latency

p50 / p99 in milliseconds, with ${settings.connections} requests under way all the time.

${latencies}

## CPU

Milliseconds of the service's process (user and system) for 1,000 requests.

${cpu}

![CPU time](performance/cpu.svg)

## What bounds it

How many requests a second each of the two cores could do if the other never made it wait, from the CPU time that a request costs there: the server's core, and the core that the database and the load generator share. The smaller number is the ceiling, whatever the service does on its side.

${boundTable(results)}

Where a target is missed, and what it would take, is in [decision 16](decisions/0016-measured-and-left.md).

## Work for each request

Counted, not timed, one request after another: SQL statements, waits for the database, rows that the engine read, and what was allocated on the JavaScript heap. For one conversation that all clients append to: statements a request at ${settings.connections} connections, as group commit shares them. \`npm run bench:budget\` counts the same and fails when it is more than [bench/budget.json](../bench/budget.json) allows.

${counts}

## Where Colloquy's CPU time goes

Self time by package; what Node.js does counts for the package that called it, "node" is the rest.

${profileTable(results)}

## Growth

The time of one request at a time: a tenant of 1,000 conversations and one of ${whole(data.largestTenant)}; a conversation of 200 messages and one of ${whole(data.longestConversation)}.

${growth}

![Growth](performance/growth.svg)

${hugeSection(results)}## Other combinations of filters

Every list walks an index that has its order and the filter that narrows most (the unit beside it, where given); a further filter is looked at row by row. That is bounded by the page as long as the filter lets many rows through, and at worst, where it lets none through, by all rows of the tenant (or unit, agent, user). Rows are counted, for page 1 and its total, in the same two tenants.

${combinationTable(results)}

None of these indexes is there: each makes every create dearer, and those with \`updated_time\` every append. Time of the statement on \`conversation\` with the index as a multiple of that without (an append has an INSERT into \`message\` and a COMMIT beside it, which the index does not touch):

${indexCostTable(results)}

## Start and size

Medians of five starts each on a schema that is there, CPU until the first answer (user and system), which is to stay under 1,500 ms. Memory under load is the most that was seen after a round of any operation.

${starts}

Colloquy has ${installed.directDependencies} direct dependencies and ${installed.dependencies} packages in production. They are bundled with it, ${mebibytes(installed.bundleBytes)} with source maps, but for better-sqlite3 and swagger-ui-dist, of which the image keeps ${mebibytes(installed.besideBytes)}. The image is \`node:24-slim\` and these.

## Memory over time

After so many requests of six kinds (all but batches and those to one conversation), garbage collected: it has to stay flat.

${memory}

## Events

Measured by themselves (\`npm run bench:feed\`), with figures where they are described: what an append costs with its event, how soon that can be read, pages of a feed of millions of events, what a reader gets, and what open streams cost ([events.md](events.md#what-it-costs)).

## Webhooks

Measured by themselves, with figures where they are described: deliveries a second, what each costs the database, that nobody waits for another, and what it costs to look over 10,000 of them ([webhooks.md](webhooks.md#how-much-and-how-fair)).

## Machine and data

${described}.

${whole(data.conversations)} conversations in tenants of very different size, the largest with ${whole(data.largestTenant)}; text: ${data.text}. The database commits durably (\`innodb_flush_log_at_trx_commit = 1\`, doublewrite on, a buffer pool of 1 GiB).

## Again

\`\`\`sh
npm ci
npm run bench            # a few minutes; needs mariadbd, and taskset to pin processes
npm run bench -- --full  # a million conversations, a conversation of 200,000 messages, a million requests
npm run bench:budget     # the counts, against bench/budget.json
\`\`\`
`;
  const sections = { ratios, 'requests a second': rates, 'p50 / p99, ms': latencies };
  const more = {
    'CPU, ms for 1,000 requests': cpu,
    'requests a second that each core could do': boundTable(results),
    'work for each request': counts,
    growth,
    'other combinations of filters': combinationTable(results),
    'one more index': indexCostTable(results),
    start: starts,
    memory,
  };
  const tables = Object.entries({ ...sections, ...more })
    .map(([title, body]) => `${title}\n\n${body}\n`)
    .join('\n');
  return { tables, page, charts: chartsOf(results) };
}
