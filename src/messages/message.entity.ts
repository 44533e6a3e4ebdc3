import { Entity } from 'typeorm';
import { Authored } from '../database/schema/authorship.js';
import {
  CountColumn,
  ExternalIdColumn,
  type Flag,
  FlagColumn,
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

/** Members that a list may leave out. */
export const OMISSIBLE = ['parts', 'metadata'] as const;
export type Omissible = (typeof OMISSIBLE)[number];
/** A message as it was read; what was left out is undefined. */
export type ReadMessage = Omit<Message, Omissible> & Partial<Pick<Message, Omissible>>;

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
  /** JSON text of an array; null without parts. */
  @JsonTextColumn({ nullable: true }) parts: string | null;
  /** The client's own name for it; `MessageName` finds it by that. */
  @ExternalIdColumn({ nullable: true }) externalId: string | null;
  @FlagColumn() hidden: Flag;
  /** When its text was taken out for good; null while it is there. */
  @TimeTextColumn({ nullable: true }) redactedTime: string | null;
  /** Grows with every change of the row. */
  @CountColumn() version: number;
}
