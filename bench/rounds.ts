import { readCounters } from './database.js';
import type { Environment } from './environment.js';
import { cpuMsOf } from './machine.js';
import type { Operation } from './operations.js';
import type { Progress } from './progress.js';
import type { Random } from './random.js';
import type { MeasuredServer, Variant } from './servers.js';
import { type Spread, spreadOf } from './statistics.js';

export const CONNECTIONS = 32;

/** What one server did with one operation in one round. */
export interface Sample {
  requestsPerSecond: number;
  p50Ms: number;
  p99Ms: number;
  /** Of the server's process, user and system, for 1,000 requests. */
  cpuMs: number;
  /** Likewise, of the database and the load generator, which share a core. */
  otherCpuMs: number;
  /** Likewise, of the database alone. */
  databaseCpuMs: number;
  statements: number;
  residentBytes: number;
}

type Measured = Record<keyof Sample, Spread>;

export interface OperationResult {
  id: string;
  title: string;
  target: number;
  variants: Partial<Record<Variant, Measured>>;
  /** Requests a second and CPU time of Colloquy as a multiple of another's, round by round. */
  ratios: { floor: Spread; stock: Spread; floorCpu: Spread; stockCpu: Spread };
}

interface RoundsOptions {
  rounds: number;
  seconds: number;
  random: Random;
  progress: Progress;
}

/** Measures all operations on all servers, round by round in an order that changes; the round before the first is not counted. */
export async function measureRounds(
  environment: Environment,
  servers: readonly MeasuredServer[],
  operations: readonly Operation[],
  { rounds, seconds, random, progress }: RoundsOptions,
): Promise<OperationResult[]> {
  const samples = new Map<string, Sample[]>();
  const cells = (rounds + 1) * operations.length * servers.length;
  let done = 0;
  for (let round = 0; round <= rounds; round++)
    for (const operation of random.shuffled(operations))
      for (const server of random.shuffled(servers)) {
        progress.show(`measuring, round ${round} of ${rounds}: ${operation.id}`, done++ / cells);
        const sample = await measure(environment, server, operation, random, seconds);
        const key = keyOf(operation, server.variant);
        if (round > 0) samples.set(key, [...(samples.get(key) ?? []), sample]);
      }
  return operations.map((operation) => {
    const of = (variant: Variant) => samples.get(keyOf(operation, variant)) ?? [];
    return {
      id: operation.id,
      title: operation.title,
      target: operation.target,
      variants: Object.fromEntries(servers.map(({ variant }) => [variant, measured(of(variant))])),
      ratios: {
        floor: ratios(of('colloquy'), of('floor'), 'requestsPerSecond'),
        stock: ratios(of('colloquy'), of('stock'), 'requestsPerSecond'),
        floorCpu: ratios(of('colloquy'), of('floor'), 'cpuMs'),
        stockCpu: ratios(of('colloquy'), of('stock'), 'cpuMs'),
      },
    };
  });
}

const keyOf = ({ id }: Operation, variant: Variant) => `${id} ${variant}`;

const measured = (samples: readonly Sample[]): Measured => {
  const spread = (name: keyof Sample) => spreadOf(samples.map((sample) => sample[name]));
  return {
    requestsPerSecond: spread('requestsPerSecond'),
    p50Ms: spread('p50Ms'),
    p99Ms: spread('p99Ms'),
    cpuMs: spread('cpuMs'),
    otherCpuMs: spread('otherCpuMs'),
    databaseCpuMs: spread('databaseCpuMs'),
    statements: spread('statements'),
    residentBytes: spread('residentBytes'),
  };
};

const ratios = (some: readonly Sample[], others: readonly Sample[], name: keyof Sample): Spread =>
  spreadOf(some.map((sample, round) => sample[name] / (others[round]?.[name] ?? NaN)));

/** One operation on one server, for some seconds. */
export async function measure(
  environment: Environment,
  server: MeasuredServer,
  operation: Operation,
  random: Random,
  seconds: number,
): Promise<Sample> {
  const { connection, processId } = environment.database;
  const requests = operation.requests(environment.data, random);
  const countersBefore = await readCounters(connection);
  const before = await server.ask();
  const databaseCpuMsBefore = cpuMsOf(processId);
  const { connections = CONNECTIONS } = operation;
  const load = await environment.send(server, requests, { connections, seconds });
  const after = await server.ask();
  const databaseCpuMs = cpuMsOf(processId) - databaseCpuMsBefore;
  const otherCpuMs = databaseCpuMs + load.cpuMs;
  const counters = await readCounters(connection);
  return {
    requestsPerSecond: load.answered / load.seconds,
    p50Ms: load.p50Ms,
    p99Ms: load.p99Ms,
    cpuMs: ((after.cpuMs - before.cpuMs) / load.answered) * 1000,
    otherCpuMs: (otherCpuMs / load.answered) * 1000,
    databaseCpuMs: (databaseCpuMs / load.answered) * 1000,
    statements: (counters.statements - countersBefore.statements - 1) / load.answered,
    residentBytes: after.residentBytes,
  };
}
