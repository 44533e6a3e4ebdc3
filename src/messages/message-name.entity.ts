import { Entity, Index } from 'typeorm';
import { ExternalKeyColumn, IdColumn, KeyColumn, CountColumn } from '../database/schema/columns.js';

/** Which message of a conversation a client's own name means. In a table of its own: messages without one cost nothing. */
@Entity('message_name')
@Index('message_name_by_sequence', ['tenantId', 'conversationId', 'sequence'])
export class MessageName {
  @KeyColumn() tenantId: string;
  @KeyColumn() conversationId: string;
  @ExternalKeyColumn() externalId: string;
  @IdColumn({ nullable: true }) tenantUnitId: string | null;
  @CountColumn() sequence: number;
}
