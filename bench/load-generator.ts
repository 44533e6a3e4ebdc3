import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { BUILD, OTHER_CORE, pinned } from './machine.js';
import type { BenchRequest } from './operations.js';

export interface LoadJob {
  url: string;
  connections: number;
  /** How long, unless `amount` says how many requests. */
  seconds?: number;
  amount?: number;
  /** Dealt out to the connections, each of which repeats its own. */
  requests: {
    method: BenchRequest['method'];
    path: string;
    headers: Record<string, string>;
    body?: string;
  }[];
}

export interface LoadResult {
  /** Requests answered with 2xx. */
  answered: number;
  /** Other answers, by status. */
  failures: Record<string, number>;
  seconds: number;
  p50Ms: number;
  p99Ms: number;
  /** CPU time of the load generator itself. */
  cpuMs: number;
}

/** autocannon, in a process of its own. */
export class LoadGenerator {
  readonly #process: ChildProcess;

  constructor() {
    const [command, parameters] = pinned(OTHER_CORE, process.execPath, join(BUILD, 'bench/load-worker.js'));
    this.#process = spawn(command, parameters, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  }

  /** Throws when any request was not answered with 2xx, or none was answered in time: there is nothing to divide by. */
  async run(job: LoadJob): Promise<LoadResult> {
    this.#process.send(job);
    const [result] = (await once(this.#process, 'message')) as [LoadResult];
    if (Object.keys(result.failures).length > 0)
      throw new Error(`Requests failed, by status: ${JSON.stringify(result.failures)}`);
    if (result.answered === 0) throw new Error(`No request was answered in ${result.seconds} s.`);
    return result;
  }

  async stop(): Promise<void> {
    const exit = once(this.#process, 'exit');
    this.#process.disconnect();
    await exit;
  }
}
