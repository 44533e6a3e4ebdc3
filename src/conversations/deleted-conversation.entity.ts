import { Entity, Index } from 'typeorm';
import { CountColumn, IdColumn, KeyColumn, TimeColumn } from '../database/schema/columns.js';

/** A conversation that is gone for its clients and whose messages are still to be removed. */
@Entity('deleted_conversation')
@Index('deleted_conversation_by_claim', ['claimedUntil'])
export class DeletedConversation {
  @KeyColumn() tenantId: string;
  @KeyColumn() id: string;
  @IdColumn({ nullable: true }) tenantUnitId: string | null;
  /** Sequence of its last message. */
  @CountColumn() messageCount: number;
  /** Messages up to this sequence are removed. */
  @CountColumn() purgedSequence: number;
  /** Until then one replica works on it. */
  @TimeColumn() claimedUntil: Date;
}
