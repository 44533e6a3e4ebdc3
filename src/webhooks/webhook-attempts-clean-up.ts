import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, LessThanOrEqual } from 'typeorm';
import { now } from '../common/clock.js';
import { AcrossTenantsRepository } from '../database/sql/across-tenants.repository.js';
import { Job, type PeriodicWork } from '../jobs/job.js';
import { WebhookAttempt } from './webhook-attempt.entity.js';

const KEPT_MS = 30 * 24 * 60 * 60 * 1000;
const ATTEMPTS_PER_RUN = 1_000;

/** Removes what was tried more than 30 days ago, of all tenants. */
@Injectable()
@Job({ name: 'webhook-attempts-clean-up', everyMs: 60_000, replicas: 'one' })
export class WebhookAttemptsCleanUp extends AcrossTenantsRepository implements PeriodicWork {
  constructor(@InjectDataSource() dataSource: DataSource) {
    super(dataSource);
  }

  run(): Promise<boolean> {
    const time = LessThanOrEqual(new Date(now().getTime() - KEPT_MS));
    return this.write(async (manager) => {
      const [last] = await manager.find(WebhookAttempt, {
        select: { tenantId: true, webhookId: true, id: true, time: true },
        where: { time },
        order: { time: 'ASC' },
        skip: ATTEMPTS_PER_RUN - 1,
        take: 1,
      });
      await manager.delete(WebhookAttempt, { time: last ? LessThanOrEqual(last.time) : time });
      return last !== undefined;
    });
  }
}
