import { performance } from 'node:perf_hooks';
import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { Counter, Gauge, Histogram } from 'prom-client';
import { APP_CONFIG, type AppConfig } from '../config/app-config.js';
import { MetricsRegistry } from '../metrics/metrics-registry.js';
import { Job, type PeriodicWork } from './job.js';
import { JobLeasesRepository } from './job-leases.repository.js';
import { RunningJob } from './running-job.js';

/** A run that has not ended by then is asked to. */
const MAX_RUN_MS = 30_000;

/** Does the work of all classes that are a `@Job()`, in processes with the role `worker`. */
@Injectable()
export class JobRunner implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #jobs = new Map<string, RunningJob>();
  readonly #lastSuccess: Gauge<'name'>;
  readonly #duration: Histogram<'name'>;
  readonly #failures: Counter<'name'>;

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly leases: JobLeasesRepository,
    @Inject(APP_CONFIG) private readonly config: AppConfig,
    registry: MetricsRegistry,
  ) {
    // Not `job`: Prometheus has a label of that name for what it scrapes.
    const common = { labelNames: ['name'] as const, registers: [registry] };
    this.#lastSuccess = new Gauge({
      name: 'job_last_success_timestamp_seconds',
      help: 'When a periodic job last ended well in this process.',
      ...common,
    });
    this.#duration = new Histogram({
      name: 'job_duration_seconds',
      help: 'Duration of the runs of periodic jobs.',
      buckets: [0.001, 0.01, 0.1, 1, 10],
      ...common,
    });
    this.#failures = new Counter({
      name: 'job_failures_total',
      help: 'Runs of periodic jobs that failed.',
      ...common,
    });
  }

  onApplicationBootstrap(): void {
    if (!this.config.roles.worker) return;
    for (const provider of this.discovery.getProviders({ metadataKey: Job.KEY })) {
      const options = this.discovery.getMetadataByDecorator(Job, provider);
      const instance: unknown = provider.instance;
      if (!options || !isPeriodicWork(instance)) throw new Error(`${provider.name} is no PeriodicWork.`);
      this.#failures.inc({ name: options.name }, 0);
      this.#jobs.set(
        options.name,
        new RunningJob(options, async (signal) => {
          if (options.replicas === 'one' && !(await this.leases.hold(options.name))) return false;
          return this.#run(options.name, instance, signal);
        }),
      );
    }
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(
      [...this.#jobs].map(async ([name, job]) => {
        await job.stop();
        // A database that cannot be reached is no reason to stop badly: the lease ends by itself.
        await this.leases.giveBack(name).catch(() => undefined);
      }),
    );
  }

  /** There is something to do for a job; nothing happens where this process does not do it. */
  wake(name: string): void {
    this.#jobs.get(name)?.wake();
  }

  async #run(name: string, work: PeriodicWork, stopping: AbortSignal): Promise<boolean> {
    const start = performance.now();
    try {
      const hasMore = await work.run(AbortSignal.any([stopping, AbortSignal.timeout(MAX_RUN_MS)]));
      this.#lastSuccess.set({ name }, Date.now() / 1000);
      return hasMore;
    } catch (error) {
      this.#failures.inc({ name });
      throw error;
    } finally {
      this.#duration.observe({ name }, (performance.now() - start) / 1000);
    }
  }
}

const isPeriodicWork = (instance: unknown): instance is PeriodicWork =>
  typeof instance === 'object' &&
  instance !== null &&
  'run' in instance &&
  typeof instance.run === 'function';
