import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { TenantScopedRepository } from '../../database/sql/tenant-scoped.repository.js';
import type { Transaction } from '../../database/sql/transactions.js';
import type { TenantScope } from '../../identity/tenant-scope.js';
import { WebhookLane } from './webhook-lane.entity.js';

/** What is noted of a lane when a replica has worked on it. */
type LaneProgress = Omit<WebhookLane, 'tenantId' | 'id' | 'tenantUnitId' | 'replayEnd'>;

@Injectable()
export class WebhookLanesRepository extends TenantScopedRepository<WebhookLane> {
  constructor(@InjectRepository(WebhookLane) repository: Repository<WebhookLane>) {
    super(repository);
  }

  open(scope: TenantScope, transaction: Transaction, lane: Omit<WebhookLane, 'tenantId'>): Promise<void> {
    return this.insertIn(scope, transaction, [lane]);
  }

  async findLocked(scope: TenantScope, transaction: Transaction, id: string): Promise<WebhookLane | null> {
    const [lane] = await this.selectLockedIn(scope, transaction, { where: 'id = ?', parameters: [id] });
    return lane ?? null;
  }

  /**
   * Notes how far a lane is and until when this replica works on it. False when another one has taken it, or it is gone.
   */
  async advance(
    scope: TenantScope,
    transaction: Transaction,
    { id, claimedUntil, replayPosition, replayEnd }: WebhookLane,
    next: LaneProgress,
  ): Promise<boolean> {
    const matched = await this.updateCountedIn(scope, transaction, {
      // A replay that was asked for meanwhile stays as it was asked for.
      set: `epoch = ?, position = ?,
        replay_position = CASE WHEN replay_position = ? AND replay_end = ? THEN ? ELSE replay_position END,
        due_time = ?, claimed_until = ?, failures = ?, failing_since = ?`,
      values: [
        next.epoch,
        next.position,
        replayPosition,
        replayEnd,
        next.replayPosition,
        next.dueTime,
        next.claimedUntil,
        next.failures,
        next.failingSince,
      ],
      where: 'id = ? AND claimed_until = ?',
      parameters: [id, claimedUntil],
    });
    return matched === 1;
  }

  /** Lets a lane go over a stretch of the feed (again). */
  replay(
    scope: TenantScope,
    transaction: Transaction,
    id: string,
    { replayPosition, replayEnd }: Pick<WebhookLane, 'replayPosition' | 'replayEnd'>,
  ): Promise<void> {
    return this.updateIn(scope, transaction, {
      set: 'replay_position = ?, replay_end = ?',
      values: [replayPosition, replayEnd],
      where: 'id = ?',
      parameters: [id],
    });
  }

  close(scope: TenantScope, transaction: Transaction, id: string): Promise<void> {
    return this.deleteIn(scope, transaction, { where: 'id = ?', parameters: [id] });
  }
}
