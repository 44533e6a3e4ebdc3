import { readCounters } from './database.js';
import type { Environment } from './environment.js';
import type { CountedOperation } from './operations.js';
import type { Progress } from './progress.js';
import { Random } from './random.js';
import { CONNECTIONS } from './rounds.js';
import { type MeasuredServer, type Variant, VARIANTS } from './servers.js';

/** What one request costs, in units that do not depend on how busy the machine is. */
export interface Counts {
  statements: number;
  roundTrips: number;
  rowsRead: number;
  allocatedBytes: number;
}

const SEED = 7;
/** Statements are the same from the start, but what is allocated only when the code is warm, and that of Colloquy is looked at. */
const WARM_UP_REQUESTS = { floor: 100, stock: 100, colloquy: 10_000, 'colloquy-sqlite': 10_000 };
const COUNTED = 400;

/** Counts what each operation does, one request after another, on a server that does nothing else. */
export async function countOperations(
  environment: Environment,
  variant: Variant,
  operations: readonly CountedOperation[],
  progress: Progress,
): Promise<Map<string, Counts>> {
  // Each counts with other requests than were sent before, so that a change changes something.
  const seed = SEED + 1 + VARIANTS.indexOf(variant);
  const port = Number(new URL(environment.database.url).port);
  const server = await environment.start(variant, { countTripsTo: port });
  try {
    const counts = new Map<string, Counts>();
    for (const [index, operation] of operations.entries()) {
      progress.show(`counting ${variant}, ${operation.id}`, index / operations.length);
      counts.set(operation.id, await countOne(environment, server, operation, seed));
    }
    return counts;
  } finally {
    await server.stop();
  }
}

async function countOne(
  environment: Environment,
  server: MeasuredServer,
  operation: CountedOperation,
  seed: number,
): Promise<Counts> {
  const { connection } = environment.database;
  const requestsOf = (from: number) => operation.requests(environment.data, new Random(from));
  const warmUp = requestsOf(SEED);
  const amount = Math.min(WARM_UP_REQUESTS[server.variant], 10 * warmUp.length);
  await environment.send(server, warmUp, { connections: CONNECTIONS, amount });
  const empty = await readCounters(connection);
  await server.ask({ ask: 'count' });
  const before = await server.ask();
  const start = await readCounters(connection);
  const requests = requestsOf(seed);
  const { answered } = await environment.send(server, requests, {
    connections: 1,
    amount: Math.min(COUNTED, requests.length),
  });
  const end = await readCounters(connection);
  const after = await server.ask({ ask: 'counted' });
  // Asking for the counters is itself counted.
  const each = (name: 'statements' | 'rowsRead') =>
    (end[name] - start[name] - (start[name] - empty[name])) / answered;
  return {
    statements: each('statements'),
    rowsRead: each('rowsRead'),
    roundTrips: (after.roundTrips - before.roundTrips) / answered,
    allocatedBytes: after.allocatedBytes / answered,
  };
}
