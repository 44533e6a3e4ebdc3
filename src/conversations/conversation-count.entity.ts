import { Entity } from 'typeorm';
import { CountColumn, KeyColumn, SequenceColumn } from '../database/schema/columns.js';

/**
 * How many conversations have an agent, a status and a unit (each empty for none). The number is the sum of the
 * shards, so that writers do not all queue for one row; a single shard may be negative.
 */
@Entity('conversation_count')
export class ConversationCount {
  @KeyColumn() tenantId: string;
  @KeyColumn() agentId: string;
  @KeyColumn() status: string;
  @KeyColumn() tenantUnitId: string;
  @SequenceColumn() shard: number;
  @CountColumn() total: number;
}
