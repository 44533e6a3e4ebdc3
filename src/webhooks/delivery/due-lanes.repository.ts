import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { AcrossTenantsRepository } from '../../database/sql/across-tenants.repository.js';
import { SERVICE } from '../../identity/service-principal.js';
import { TenantScope } from '../../identity/tenant-scope.js';
import { WebhookLane } from './webhook-lane.entity.js';

/** A lane that has something to do, and the scope it belongs to. */
export interface DueLane {
  readonly scope: TenantScope;
  readonly lane: WebhookLane;
}

/** Which webhooks of all tenants have something to deliver. All work on them is scoped again. */
@Injectable()
export class DueLanesRepository extends AcrossTenantsRepository {
  constructor(@InjectDataSource() dataSource: DataSource) {
    super(dataSource);
  }

  /** Lanes that no replica works on at `time` and that are behind their feed, replay or have a retry that is due. */
  async find(time: Date, limit: number): Promise<DueLane[]> {
    const lanes = await this.look((manager) =>
      manager
        .createQueryBuilder(WebhookLane, 'lane')
        .where('lane.due_time <= :time AND lane.claimed_until <= :time', { time })
        .andWhere('EXISTS (SELECT 1 FROM feed_epoch)')
        .andWhere(
          `(lane.replay_position < lane.replay_end
            OR EXISTS (SELECT 1 FROM feed_epoch WHERE feed_epoch.epoch <> lane.epoch)
            OR EXISTS (SELECT 1 FROM feed WHERE feed.tenant_id = lane.tenant_id AND feed.epoch = lane.epoch
                       AND feed.last_position > lane.position)
            OR EXISTS (SELECT 1 FROM webhook_retry AS retry WHERE retry.tenant_id = lane.tenant_id
                       AND retry.webhook_id = lane.id AND retry.due_time <= :time))`,
        )
        .orderBy('lane.due_time', 'ASC')
        .limit(limit)
        .getMany(),
    );
    return lanes.map((lane) => ({
      scope: TenantScope.grant(lane.tenantId, lane.tenantUnitId, SERVICE),
      lane,
    }));
  }
}
