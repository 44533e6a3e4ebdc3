import { Entity, Index } from 'typeorm';
import { CountColumn, IdColumn, KeyColumn, TextColumn, TimeColumn } from '../database/schema/columns.js';

export const ATTEMPT_OUTCOMES = ['delivered', 'failed', 'given_up'] as const;
/** `failed`: it is sent again. `given_up`: it is not, unless it is replayed. */
export type AttemptOutcome = (typeof ATTEMPT_OUTCOMES)[number];

/** One attempt to deliver an event. Its id is a UUIDv7, so the primary key is in order of time. */
@Entity('webhook_attempt')
@Index('webhook_attempt_by_time', ['time'])
export class WebhookAttempt {
  @KeyColumn() tenantId: string;
  @KeyColumn() webhookId: string;
  @KeyColumn() id: string;
  @IdColumn({ nullable: true }) tenantUnitId: string | null;
  @IdColumn() eventId: string;
  @IdColumn() type: string;
  /** 1 for the first. */
  @CountColumn() attempt: number;
  @TimeColumn() time: Date;
  /** Of the answer; null where there was none. */
  @CountColumn({ nullable: true }) status: number | null;
  @CountColumn() durationMs: number;
  @TextColumn(255, { nullable: true }) error: string | null;
  @IdColumn() outcome: AttemptOutcome;
}
