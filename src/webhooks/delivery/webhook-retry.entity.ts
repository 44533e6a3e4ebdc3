import { Entity } from 'typeorm';
import {
  CountColumn,
  IdColumn,
  KeyColumn,
  SequenceColumn,
  TimeColumn,
} from '../../database/schema/columns.js';

/** An event that a receiver has not taken yet, and when it is sent again. */
@Entity('webhook_retry')
export class WebhookRetry {
  @KeyColumn() tenantId: string;
  @KeyColumn() webhookId: string;
  @KeyColumn() epoch: string;
  /** Of the event in the feed. */
  @SequenceColumn() position: number;
  @IdColumn({ nullable: true }) tenantUnitId: string | null;
  /** How often it was sent. */
  @CountColumn() attempts: number;
  @TimeColumn() dueTime: Date;
}
