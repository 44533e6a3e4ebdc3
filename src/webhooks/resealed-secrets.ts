import { Injectable, Logger } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { AcrossTenantsRepository } from '../database/sql/across-tenants.repository.js';
import { Transactions } from '../database/sql/transactions.js';
import { SERVICE } from '../identity/service-principal.js';
import { TenantScope } from '../identity/tenant-scope.js';
import { Job, type PeriodicWork } from '../jobs/job.js';
import { SecretBox } from './webhook-secrets.js';
import { Webhook } from './webhook.entity.js';
import { WebhooksRepository } from './webhooks.repository.js';

const WEBHOOKS_PER_RUN = 100;

/** Seals secrets that an older WEBHOOK_KEY has sealed, or none, with the newest one, so that the older can be given up. */
@Injectable()
@Job({ name: 'webhook-secrets', everyMs: 60_000, replicas: 'one' })
export class ResealedSecrets extends AcrossTenantsRepository implements PeriodicWork {
  readonly #logger = new Logger('Webhooks');

  constructor(
    @InjectDataSource() dataSource: DataSource,
    private readonly webhooks: WebhooksRepository,
    private readonly transactions: Transactions,
    private readonly secrets: SecretBox,
  ) {
    super(dataSource);
  }

  async run(): Promise<boolean> {
    const prefix = this.secrets.newestPrefix;
    if (prefix === undefined) return false;
    const found = await this.look((manager) =>
      manager
        .createQueryBuilder(Webhook, 'webhook')
        .where('webhook.secret NOT LIKE :newest OR webhook.previous_secret NOT LIKE :newest', {
          newest: `${prefix}%`,
        })
        .limit(WEBHOOKS_PER_RUN)
        .getMany(),
    );
    for (const webhook of found) await this.#reseal(webhook);
    if (found.length > 0)
      this.#logger.log(
        { webhooks: found.length },
        'Secrets of webhooks were sealed with the newest WEBHOOK_KEY.',
      );
    return found.length === WEBHOOKS_PER_RUN;
  }

  #reseal({ tenantId, tenantUnitId, id }: Webhook): Promise<void> {
    const scope = TenantScope.grant(tenantId, tenantUnitId, SERVICE);
    return this.transactions.run(scope, async (transaction) => {
      const before = await this.webhooks.findLocked(scope, transaction, id);
      if (!before) return;
      await this.webhooks.change(scope, transaction, before, {
        ...before,
        secret: this.secrets.reseal(id, before.secret),
        previousSecret: before.previousSecret && this.secrets.reseal(id, before.previousSecret),
      });
    });
  }
}
