import { Comparison, textOf } from '../comparison.js';
import { planOf } from '../dataset/tenants.js';
import { Environment } from '../environment.js';
import { type Operation, OPERATIONS } from '../operations.js';
import type { Progress } from '../progress.js';
import { Random } from '../random.js';
import type { Sample } from '../rounds.js';
import type { Variant } from '../servers.js';
import { spreadOf } from '../statistics.js';
import { type Row, wanted } from './row.js';

const SEED = 1;
const LEAST_REQUESTS = 0.9;
const MOST_DATABASE_CPU = 1.35;
const MOST_SQLITE_TIME = 1.4;

const [append, hot] = ['append', 'append-hot'].map((id) => OPERATIONS.filter((one) => one.id === id));
const alone = (append ?? []).map((operation): Operation => ({
  ...operation,
  id: 'append-alone',
  title: 'append one message, one client',
  connections: 1,
}));
const APPENDS = [...(append ?? []), ...(hot ?? [])];

/** What an append costs with its event, against the same service with `EVENTS=off`, on both engines. */
export async function measureCost(
  progress: Progress,
  { rounds, seconds }: { rounds: number; seconds: number },
): Promise<Row[]> {
  const environment = await Environment.prepare(planOf('quick'), { sqlite: true, seed: SEED, progress });
  const compare = (variant: Variant, operations: readonly Operation[]) =>
    Comparison.run(environment, {
      variant,
      starts: { before: { settings: { EVENTS: 'off' } }, now: {} },
      operations,
      rounds,
      seconds,
      random: new Random(SEED),
      progress,
    });
  try {
    const server = await compare('colloquy', APPENDS);
    const sqlite = await compare('colloquy-sqlite', [...APPENDS, ...alone]);
    return [
      ...APPENDS.flatMap((operation) => [
        row(server, operation, 'requestsPerSecond', 'requests/s', {
          text: `at least ${LEAST_REQUESTS}`,
          isMet: (median) => median >= LEAST_REQUESTS,
        }),
        row(server, operation, 'databaseCpuMs', 'CPU of the database', {
          text: `at most ${MOST_DATABASE_CPU}`,
          isMet: (median) => median <= MOST_DATABASE_CPU,
        }),
        row(server, operation, 'cpuMs', 'CPU of the service'),
      ]),
      ...[...APPENDS, ...alone].map((operation) => timeRow(sqlite, operation)),
    ];
  } finally {
    await environment.stop();
  }
}

function row(
  comparison: Comparison,
  { id, title }: Operation,
  measure: keyof Sample,
  name: string,
  limit?: { text: string; isMet: (median: number) => boolean },
): Row {
  const ratios = comparison.ratios(id, 'now', 'before', measure);
  return {
    what: `${title}: ${name}, with its event / without`,
    figure: `${textOf(ratios)}; control ${textOf(comparison.ratios(id, 'control', 'now', measure))}`,
    ...(limit && { wanted: wanted(limit.text, limit.isMet(spreadOf(ratios).median)) }),
  };
}

/** The time of a request is the inverse of the requests in a time. */
function timeRow(comparison: Comparison, { id, title }: Operation): Row {
  const ratios = comparison.ratios(id, 'before', 'now', 'requestsPerSecond');
  const control = comparison.ratios(id, 'now', 'control', 'requestsPerSecond');
  return {
    what: `SQLite, ${title}: wall time, with its event / without`,
    figure: `${textOf(ratios)}; control ${textOf(control)}`,
    wanted: wanted(`at most ${MOST_SQLITE_TIME}`, spreadOf(ratios).median <= MOST_SQLITE_TIME),
  };
}
