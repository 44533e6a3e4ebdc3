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
    { id, claimedUntil, wakeTime, replayPosition, replayEnd }: WebhookLane,
    next: LaneProgress,
  ): Promise<boolean> {
    const matched = await this.updateCountedIn(scope, transaction, {
      // A replay that was asked for meanwhile stays as it was asked for, and wakes the lane. MySQL sets from the left.
      set: `epoch = ?, position = ?,
        wake_time = CASE WHEN wake_time = ? AND replay_position = ? AND replay_end = ? THEN ? ELSE ? END,
        replay_position = CASE WHEN replay_position = ? AND replay_end = ? THEN ? ELSE replay_position END,
        due_time = ?, claimed_until = ?, failures = ?, failing_since = ?`,
      values: [
        next.epoch,
        next.position,
        wakeTime,
        replayPosition,
        replayEnd,
        next.wakeTime,
        next.claimedUntil,
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
    { replayPosition, replayEnd, wakeTime }: Pick<WebhookLane, 'replayPosition' | 'replayEnd' | 'wakeTime'>,
  ): Promise<void> {
    return this.updateIn(scope, transaction, {
      set: 'replay_position = ?, replay_end = ?, wake_time = ?',
      values: [replayPosition, replayEnd, wakeTime],
      where: 'id = ?',
      parameters: [id],
    });
  }

  /** Lets a lane have a turn, as soon as it may. */
  wake(scope: TenantScope, transaction: Transaction, id: string, time: Date): Promise<void> {
    return this.updateIn(scope, transaction, {
      set: 'wake_time = ?',
      values: [time],
      where: 'id = ?',
      parameters: [id],
    });
  }

  close(scope: TenantScope, transaction: Transaction, id: string): Promise<void> {
    return this.deleteIn(scope, transaction, { where: 'id = ?', parameters: [id] });
  }
}
