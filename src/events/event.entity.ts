import { Entity, Index } from 'typeorm';
import {
  CountColumn,
  IdColumn,
  KeyColumn,
  LongTextColumn,
  SequenceColumn,
  TimeColumn,
  TimeTextColumn,
} from '../database/schema/columns.js';
import type { EventType } from './event-type.js';

/** One or more events of one type that were committed together, of one conversation. */
abstract class Events {
  @IdColumn() conversationId: string;
  @IdColumn({ nullable: true }) tenantUnitId: string | null;
  @IdColumn() type: EventType;
  /** When the service wrote it. */
  @TimeTextColumn() eventTime: string;
  /** Of the thing that it tells of, after it. */
  @CountColumn() version: number;
  @CountColumn() eventCount: number;
  /** JSON text: what `eventsToText` writes. */
  @LongTextColumn() data: string;
}

/** Events that are committed and have no position yet. Their ids ascend within a conversation in the order of commits. */
@Entity('event_pending')
export class PendingEvents extends Events {
  @KeyColumn() tenantId: string;
  @KeyColumn() id: string;
}

/** Events in the feed of a tenant; the key has the position of the last of them. */
@Entity('event')
@Index('event_by_conversation', ['tenantId', 'conversationId', 'epoch', 'position'])
export class PublishedEvents extends Events {
  @KeyColumn() tenantId: string;
  @KeyColumn() epoch: string;
  @SequenceColumn() position: number;
}

/** How far the feed of a tenant goes in an epoch. */
@Entity('feed')
@Index('feed_by_published_time', ['publishedTime'])
export class Feed {
  @KeyColumn() tenantId: string;
  @KeyColumn() epoch: string;
  /** The first position that is kept; one above the last where there is none. */
  @CountColumn() firstPosition: number;
  @CountColumn() lastPosition: number;
  /** When the last of them got its position, by the clock of whoever gave it. */
  @TimeColumn() publishedTime: Date;
}

/** The current epoch of all feeds; no row while there is none. */
@Entity('feed_epoch')
export class FeedEpoch {
  /** Always `current`. */
  @KeyColumn() id: string;
  @IdColumn() epoch: string;
}
