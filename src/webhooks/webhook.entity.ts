import { Entity } from 'typeorm';
import { Authored } from '../database/schema/authorship.js';
import {
  CountColumn,
  IdColumn,
  KeyColumn,
  LongTextColumn,
  TextColumn,
  TimeColumn,
} from '../database/schema/columns.js';
import { EVENT_TYPES, type EventType } from '../events/event-type.js';

export const DISABLED_REASONS = ['requested', 'gone', 'failing'] as const;
/** `requested`: somebody switched it off. `gone`: the receiver answered 410. `failing`: five days without a success. */
export type DisabledReason = (typeof DISABLED_REASONS)[number];

/** Where events are sent. How far its deliveries have come stands in its WebhookLane, so that they do not change it. */
@Entity('webhook')
export class Webhook extends Authored {
  @KeyColumn() tenantId: string;
  @KeyColumn() id: string;
  /** Null: it gets the events of all units. */
  @IdColumn({ nullable: true }) tenantUnitId: string | null;
  @TextColumn(2048) url: string;
  @TextColumn(255, { nullable: true }) description: string | null;
  /** Event types, separated by commas. Null: all. */
  @LongTextColumn({ nullable: true }) types: string | null;
  /** Null: it is enabled. */
  @IdColumn({ nullable: true }) disabledReason: DisabledReason | null;
  /** Sealed (see SecretBox). */
  @TextColumn(255) secret: string;
  /** The secret before the last rotation, which signs along until `previousSecretUntil`. */
  @TextColumn(255, { nullable: true }) previousSecret: string | null;
  @TimeColumn({ nullable: true }) previousSecretUntil: Date | null;
  /** Grows with every change of what its clients see. */
  @CountColumn() version: number;
}

/** The event types that a webhook is sent; undefined for all. */
export const typesIn = (types: string | null): EventType[] | undefined =>
  types === null ? undefined : EVENT_TYPES.filter((type) => types.split(',').includes(type));
