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

/** The place of each lane that is due among those whose receivers failed, or did not. */
const PLACED = `
  SELECT tenant_id, id, ROW_NUMBER() OVER (PARTITION BY is_failing ORDER BY turn) AS place
  FROM (
    SELECT own.tenant_id, own.id, own.failures > 0 AS is_failing,
      ROW_NUMBER() OVER (PARTITION BY own.tenant_id, own.failures > 0 ORDER BY own.due_time) AS turn
    FROM webhook_lane AS own
    WHERE own.due_time <= :time AND own.claimed_until <= :time
      AND EXISTS (SELECT 1 FROM feed_epoch)
      AND (own.replay_position < own.replay_end
        OR EXISTS (SELECT 1 FROM feed_epoch WHERE feed_epoch.epoch <> own.epoch)
        OR EXISTS (SELECT 1 FROM feed WHERE feed.tenant_id = own.tenant_id AND feed.epoch = own.epoch
                   AND feed.last_position > own.position)
        OR EXISTS (SELECT 1 FROM webhook_retry AS retry WHERE retry.tenant_id = own.tenant_id
                   AND retry.webhook_id = own.id AND retry.due_time <= :time))
  ) AS due`;

/** Which webhooks of all tenants have something to deliver. All work on them is scoped again. */
@Injectable()
export class DueLanesRepository extends AcrossTenantsRepository {
  constructor(@InjectDataSource() dataSource: DataSource) {
    super(dataSource);
  }

  /**
   * Lanes that no replica works on at `time` and that are behind their feed, replay or have a retry that is due: up to
   * `limit` of those whose receiver took the last delivery, and as many whose receiver failed. Tenants take turns at
   * these places, so that whoever has a thousand lanes keeps nobody else out.
   */
  async find(time: Date, limit: number): Promise<DueLane[]> {
    const lanes = await this.look((manager) =>
      manager
        .createQueryBuilder(WebhookLane, 'lane')
        .innerJoin(`(${PLACED})`, 'placed', 'placed.tenant_id = lane.tenant_id AND placed.id = lane.id')
        .where('placed.place <= :limit', { time, limit })
        .getMany(),
    );
    return lanes
      .toSorted((a, b) => a.dueTime.getTime() - b.dueTime.getTime())
      .map((lane) => ({ scope: TenantScope.grant(lane.tenantId, lane.tenantUnitId, SERVICE), lane }));
  }
}
