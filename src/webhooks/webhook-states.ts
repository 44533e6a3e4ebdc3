import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { Gauge } from 'prom-client';
import { DataSource, IsNull, MoreThan, Not } from 'typeorm';
import { AcrossTenantsRepository } from '../database/sql/across-tenants.repository.js';
import { Job, type PeriodicWork } from '../jobs/job.js';
import { MetricsRegistry } from '../metrics/metrics-registry.js';
import { WebhookLane } from './delivery/webhook-lane.entity.js';
import { Webhook } from './webhook.entity.js';

/** Counts the webhooks of all tenants whose receivers take what they are sent, fail, or are sent nothing any more. */
@Injectable()
@Job({ name: 'webhook-states', everyMs: 15_000, replicas: 'all' })
export class WebhookStates extends AcrossTenantsRepository implements PeriodicWork {
  readonly #webhooks: Gauge<'state'>;

  constructor(@InjectDataSource() dataSource: DataSource, registry: MetricsRegistry) {
    super(dataSource);
    this.#webhooks = new Gauge({
      name: 'webhooks',
      help: 'Webhooks of all tenants: well, failing since the last attempt, or disabled. Each replica counts all.',
      labelNames: ['state'] as const,
      registers: [registry],
    });
  }

  async run(): Promise<boolean> {
    const [enabled, failing, disabled] = await this.look((manager) =>
      Promise.all([
        manager.count(WebhookLane),
        manager.countBy(WebhookLane, { failures: MoreThan(0) }),
        manager.countBy(Webhook, { disabledReason: Not(IsNull()) }),
      ]),
    );
    this.#webhooks.set({ state: 'well' }, enabled - failing);
    this.#webhooks.set({ state: 'failing' }, failing);
    this.#webhooks.set({ state: 'disabled' }, disabled);
    return false;
  }
}
