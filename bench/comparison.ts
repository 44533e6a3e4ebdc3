import type { Environment } from './environment.js';
import type { Operation } from './operations.js';
import type { Progress } from './progress.js';
import type { Random } from './random.js';
import { CONNECTIONS, measure, type Sample } from './rounds.js';
import type { StartOptions, Variant } from './servers.js';
import { spreadOf } from './statistics.js';

/** Not compared: the first one finds caches empty. */
const WARM_UP = 1;
/** By a connection: on a slow machine a server that was just started may answer nothing in a second. */
const WARM_REQUESTS = 10;

const NAMES = ['before', 'now', 'control'] as const;
type Name = (typeof NAMES)[number];

interface Comparing {
  variant: Variant;
  /** Builds or settings of the service. `control` is started as `now` is: what the two differ by is noise. */
  starts: Record<'before' | 'now', Partial<StartOptions>>;
  operations: readonly Operation[];
  rounds: number;
  seconds: number;
  random: Random;
  progress: Progress;
}

/** What one of the services did against another, round by round. */
export class Comparison {
  readonly #samples = new Map<string, Sample[]>();

  /** Measures them in turns. SQLite has one process at a time, so that the servers are started anew in each round. */
  static async run(environment: Environment, comparing: Comparing): Promise<Comparison> {
    const comparison = new Comparison();
    const rounds = comparing.rounds + WARM_UP;
    for (let round = 0; round < rounds; round++)
      for (const name of comparing.random.shuffled(NAMES)) {
        comparing.progress.show(`measuring ${comparing.variant}, round ${round}, ${name}`, round / rounds);
        await comparison.#measure(environment, comparing, name, round >= WARM_UP);
      }
    return comparison;
  }

  /** The ratios of all rounds. */
  ratios(id: string, of: Name, to: Name, measure: keyof Sample): number[] {
    const others = this.#samples.get(`${id} ${to}`) ?? [];
    return (this.#samples.get(`${id} ${of}`) ?? []).map(
      (sample, round) => sample[measure] / (others[round]?.[measure] ?? NaN),
    );
  }

  async #measure(
    environment: Environment,
    { variant, starts, operations, seconds, random }: Comparing,
    name: Name,
    counts: boolean,
  ): Promise<void> {
    const server = await environment.start(variant, starts[name === 'before' ? 'before' : 'now']);
    for (const operation of random.shuffled(operations)) {
      const { connections = CONNECTIONS } = operation;
      const warm = operation.requests(environment.data, random);
      await environment.send(server, warm, { connections, amount: WARM_REQUESTS * connections });
      const sample = await measure(environment, server, operation, random, seconds);
      const key = `${operation.id} ${name}`;
      if (counts) this.#samples.set(key, [...(this.#samples.get(key) ?? []), sample]);
    }
    await server.stop();
  }
}

/** Median of the rounds' ratios, with the quarters around it. */
export function textOf(ratios: readonly number[]): string {
  const sorted = ratios.toSorted((a, b) => a - b);
  const at = (share: number) => (sorted[Math.round(share * (sorted.length - 1))] ?? NaN).toFixed(2);
  return `${spreadOf(sorted).median.toFixed(2)} (${at(0.25)}–${at(0.75)})`;
}
