import { Injectable } from '@nestjs/common';
import { Gauge, Histogram } from 'prom-client';
import { MetricsRegistry } from '../metrics/metrics-registry.js';

const DURATION_BUCKETS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** What is counted of requests and of the database pool. */
@Injectable()
export class Metrics {
  readonly #requests: Histogram<'method' | 'route' | 'status'>;
  readonly #pool: Gauge<'state'>;

  constructor(readonly registry: MetricsRegistry) {
    this.#requests = new Histogram({
      name: 'http_request_duration_seconds',
      help: 'Duration of requests, by method, route and status; its count is the number of requests.',
      labelNames: ['method', 'route', 'status'],
      buckets: DURATION_BUCKETS_SECONDS,
      registers: [registry],
    });
    this.#pool = new Gauge({
      name: 'database_pool_connections',
      help: 'Connections of the database pool, by state, and callers that wait for one.',
      labelNames: ['state'],
      registers: [registry],
    });
  }

  request(method: string, route: string, status: number, seconds: number): void {
    this.#requests.observe({ method, route, status }, seconds);
  }

  pool(states: Readonly<Record<string, number>>): void {
    for (const [state, connections] of Object.entries(states)) this.#pool.set({ state }, connections);
  }
}
