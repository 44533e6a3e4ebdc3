import { Injectable } from '@nestjs/common';
import { Counter, Histogram } from 'prom-client';
import { MetricsRegistry } from '../../metrics/metrics-registry.js';
import { type AttemptOutcome, ATTEMPT_OUTCOMES } from '../webhook-attempt.entity.js';

/** What is counted of deliveries. */
@Injectable()
export class DeliveryMetrics {
  readonly #attempts: Counter<'outcome'>;
  readonly #lag: Histogram;

  constructor(registry: MetricsRegistry) {
    this.#attempts = new Counter({
      name: 'webhook_attempts_total',
      help: 'Attempts to deliver an event to a webhook, by what became of them.',
      labelNames: ['outcome'] as const,
      registers: [registry],
    });
    this.#lag = new Histogram({
      name: 'webhook_delivery_lag_seconds',
      help: 'Time from an event to its delivery.',
      buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 300, 3_600, 86_400],
      registers: [registry],
    });
    for (const outcome of ATTEMPT_OUTCOMES) this.#attempts.inc({ outcome }, 0);
  }

  count(outcome: AttemptOutcome, eventTime: string, sentTime: Date): void {
    this.#attempts.inc({ outcome });
    if (outcome === 'delivered')
      this.#lag.observe(Math.max(0, sentTime.getTime() - Date.parse(eventTime)) / 1000);
  }
}
