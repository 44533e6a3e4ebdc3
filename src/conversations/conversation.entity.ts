import { Entity, Index } from 'typeorm';
import { Authored } from '../database/schema/authorship.js';
import {
  CountColumn,
  ExternalIdColumn,
  IdColumn,
  JsonTextColumn,
  KeyColumn,
  TextColumn,
  TimeTextColumn,
} from '../database/schema/columns.js';
import type { RunStatus } from './run-status.js';

/** A conversation between a user and an agent. Its id is a UUIDv7, so the primary key is in order of creation. */
@Entity('conversation')
@Index('conversation_by_external_id', ['tenantId', 'externalId', 'externalUnitId'], { unique: true })
@Index('conversation_by_tenant_unit_id', ['tenantId', 'tenantUnitId', 'id'])
@Index('conversation_by_agent_id', ['tenantId', 'agentId', 'id'])
@Index('conversation_by_status', ['tenantId', 'status', 'id'])
@Index('conversation_by_assignment_id', ['tenantId', 'assignmentId', 'id'])
@Index('conversation_by_user_id', ['tenantId', 'userId', 'id'])
@Index('conversation_by_unit_agent_id', ['tenantId', 'tenantUnitId', 'agentId', 'id'])
@Index('conversation_by_unit_status', ['tenantId', 'tenantUnitId', 'status', 'id'])
@Index('conversation_by_unit_assignment_id', ['tenantId', 'tenantUnitId', 'assignmentId', 'id'])
@Index('conversation_by_unit_user_id', ['tenantId', 'tenantUnitId', 'userId', 'id'])
@Index('conversation_by_activity', ['tenantId', 'updatedTime', 'id'])
@Index('conversation_by_unit_activity', ['tenantId', 'tenantUnitId', 'updatedTime', 'id'])
@Index('conversation_by_user_activity', ['tenantId', 'userId', 'updatedTime', 'id'])
export class Conversation extends Authored {
  @KeyColumn() tenantId: string;
  @KeyColumn() id: string;
  @IdColumn({ nullable: true }) tenantUnitId: string | null;
  @TextColumn(255) topic: string;
  @IdColumn() status: RunStatus;
  @IdColumn({ nullable: true }) agentId: string | null;
  @TextColumn(64, { nullable: true }) agentMode: string | null;
  @TextColumn(64, { nullable: true }) agentType: string | null;
  @ExternalIdColumn({ nullable: true }) assignmentId: string | null;
  @ExternalIdColumn({ nullable: true }) userId: string | null;
  @TextColumn(64, { nullable: true }) invokeFrom: string | null;
  /** JSON text. */
  @JsonTextColumn() inputs: string;
  /** JSON text. */
  @JsonTextColumn() extendProperties: string;
  /** The client's own name for it, unique among the conversations of its unit. */
  @ExternalIdColumn({ nullable: true }) externalId: string | null;
  /** The unit in which the name is unique, empty for none: NULL would be unique nowhere. Null without a name. */
  @IdColumn({ nullable: true }) externalUnitId: string | null;
  /** Of the conversation it was forked from, with its messages up to this sequence. */
  @IdColumn({ nullable: true }) forkedFromId: string | null;
  @CountColumn({ nullable: true }) forkedFromSequence: number | null;
  /** Also the sequence of the last message. */
  @CountColumn() messageCount: number;
  /**
   * Bytes of the text of its largest message, 0 while all are small; null where it is not known. Pages of large messages
   * are read in slices.
   */
  @CountColumn({ nullable: true }) largestMessage: number | null;
  /** Grows with every change of the row. */
  @CountColumn() version: number;
  /** When it was last written, of which events know their order: never goes back, and is shown to nobody. */
  @TimeTextColumn() writtenTime: string;
}
