import { Injectable } from '@nestjs/common';
import { now } from '../../common/clock.js';
import type { Transaction } from '../../database/sql/transactions.js';
import type { EventPlace } from '../../events/event-id.js';
import type { TenantScope } from '../../identity/tenant-scope.js';
import type { Webhook } from '../webhook.entity.js';
import { WebhookLanesRepository } from './webhook-lanes.repository.js';
import { WebhookRetriesRepository } from './webhook-retries.repository.js';

const NEVER = new Date(0);

/** The lanes of webhooks: an enabled webhook has one, a disabled one has none. */
@Injectable()
export class Lanes {
  constructor(
    private readonly lanes: WebhookLanesRepository,
    private readonly retries: WebhookRetriesRepository,
  ) {}

  open(
    scope: TenantScope,
    transaction: Transaction,
    { id, tenantUnitId }: Pick<Webhook, 'id' | 'tenantUnitId'>,
    { epoch, position }: EventPlace,
  ): Promise<void> {
    return this.lanes.open(scope, transaction, {
      id,
      tenantUnitId,
      epoch,
      position,
      replayPosition: 0,
      replayEnd: 0,
      dueTime: now(),
      claimedUntil: NEVER,
      wakeTime: now(),
      failures: 0,
      failingSince: null,
    });
  }

  /** Forgets how far a webhook is, and what waits to be sent again. */
  async close(scope: TenantScope, transaction: Transaction, id: string): Promise<void> {
    await this.lanes.close(scope, transaction, id);
    await this.retries.removeAll(scope, transaction, id);
  }

  /** Lets the events behind a place be sent again, up to `end`; a replay under way goes on with them. */
  async replayBehind(
    scope: TenantScope,
    transaction: Transaction,
    id: string,
    { position }: EventPlace,
    end: EventPlace,
  ): Promise<void> {
    const lane = await this.lanes.findLocked(scope, transaction, id);
    if (!lane) return;
    const isUnderWay = lane.replayPosition < lane.replayEnd;
    await this.lanes.replay(scope, transaction, id, {
      replayPosition: isUnderWay ? Math.min(lane.replayPosition, position) : position,
      replayEnd: end.position,
      wakeTime: now(),
    });
  }

  /** Lets one event be sent again now. */
  async replayOne(
    scope: TenantScope,
    transaction: Transaction,
    { id, tenantUnitId }: Webhook,
    { epoch, position }: EventPlace,
  ): Promise<void> {
    await this.retries.park(scope, transaction, {
      webhookId: id,
      epoch,
      position,
      tenantUnitId,
      attempts: 0,
      dueTime: now(),
    });
    await this.lanes.wake(scope, transaction, id, now());
  }
}
