import { Entity, Index } from 'typeorm';
import { CountColumn, IdColumn, KeyColumn, TimeColumn } from '../../database/schema/columns.js';

/** How far the deliveries of an enabled webhook have come: a cursor into its tenant's feed, worked on by one replica at a time. */
@Entity('webhook_lane')
@Index('webhook_lane_by_wake_time', ['failures', 'wakeTime'])
export class WebhookLane {
  @KeyColumn() tenantId: string;
  /** Of the webhook. */
  @KeyColumn() id: string;
  @IdColumn({ nullable: true }) tenantUnitId: string | null;
  /** Of the feed that the positions count in. */
  @IdColumn() epoch: string;
  /** Events up to this position were delivered or wait to be sent again. */
  @CountColumn() position: number;
  /** A replay goes from behind `replayPosition` to `replayEnd`; there is none where they are equal. */
  @CountColumn() replayPosition: number;
  @CountColumn() replayEnd: number;
  /** When it may be worked on again: after a failure it pauses. */
  @TimeColumn() dueTime: Date;
  /** Until then one replica works on it. */
  @TimeColumn() claimedUntil: Date;
  /** From then on it has something to do, even if its feed does not move; null while nothing else is known of. */
  @TimeColumn({ nullable: true }) wakeTime: Date | null;
  /** Attempts in a row that failed. */
  @CountColumn() failures: number;
  /** Since when nothing has succeeded; null while all goes well. */
  @TimeColumn({ nullable: true }) failingSince: Date | null;
}
