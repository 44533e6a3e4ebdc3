import { Entity } from 'typeorm';
import { Authored } from '../database/schema/authorship.js';
import {
  CountColumn,
  ExternalIdColumn,
  IdColumn,
  JsonTextColumn,
  KeyColumn,
  LongTextColumn,
  SequenceColumn,
  TextColumn,
  TimeTextColumn,
} from '../database/schema/columns.js';

export const MESSAGE_SENDERS = ['user', 'agent', 'system', 'tool'] as const;
export type MessageSender = (typeof MESSAGE_SENDERS)[number];

/**
 * A message, keyed by its place in its conversation: a page of a conversation is a range of the primary key. Its id
 * carries the sequence (see `newMessageId`) and needs no index.
 */
@Entity('message')
export class Message extends Authored {
  @KeyColumn() tenantId: string;
  @KeyColumn() conversationId: string;
  /** 1, 2, 3 … without a gap, in commit order. */
  @SequenceColumn() sequence: number;
  @IdColumn() id: string;
  @IdColumn({ nullable: true }) tenantUnitId: string | null;
  @IdColumn() messageFrom: MessageSender;
  @LongTextColumn() content: string;
  @ExternalIdColumn({ nullable: true }) runId: string | null;
  @IdColumn({ nullable: true }) agentId: string | null;
  @ExternalIdColumn({ nullable: true }) userId: string | null;
  @TimeTextColumn() requestedTime: string;
  @CountColumn() inputTokens: number;
  @CountColumn() answerTokens: number;
  @CountColumn() totalTokens: number;
  @TextColumn(2000, { nullable: true }) feedback: string | null;
  /** JSON text. */
  @JsonTextColumn() metadata: string;
  /** Grows with every change of the row. */
  @CountColumn() version: number;
}
