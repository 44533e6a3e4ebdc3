import { randomInt } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import type { Condition } from '../database/sql/scoped-sql.js';
import { TenantScopedRepository } from '../database/sql/tenant-scoped.repository.js';
import type { Transaction } from '../database/sql/transactions.js';
import type { TenantScope } from '../identity/tenant-scope.js';
import { ConversationCount } from './conversation-count.entity.js';
import type { ConversationFilter } from './conversation-list.js';
import type { Conversation } from './conversation.entity.js';

const SHARDS = 16;
const TOTAL = 'COALESCE(SUM(total), 0)';

type CountedFilter = Pick<ConversationFilter, 'agentId' | 'statuses'>;
type Counted = Pick<Conversation, 'agentId' | 'status' | 'tenantUnitId'>;

/** Exact totals of the lists, kept in the transactions that change them. */
@Injectable()
export class ConversationCountsRepository extends TenantScopedRepository<ConversationCount> {
  constructor(@InjectRepository(ConversationCount) repository: Repository<ConversationCount>) {
    super(repository);
  }

  /** Counts `difference` more conversations like this one. The last statement of its transaction, as others wait for the row. */
  async add(
    scope: TenantScope,
    transaction: Transaction,
    conversation: Counted,
    difference: 1 | -1,
  ): Promise<void> {
    const row = {
      agentId: conversation.agentId ?? '',
      status: conversation.status,
      tenantUnitId: conversation.tenantUnitId ?? '',
      shard: randomInt(SHARDS),
      total: difference,
    };
    await this.upsertIn(scope, transaction, row, { set: 'total = total + ?', values: [difference] });
  }

  /** How many conversations have the agent and one of the statuses, where these are given. */
  totalIn(scope: TenantScope, transaction: Transaction, filter: CountedFilter): Promise<number> {
    return this.aggregateIn(scope, transaction, TOTAL, conditionOf(filter));
  }
}

function conditionOf({ agentId, statuses }: CountedFilter): Condition {
  const conditions = [
    ...(agentId === undefined ? [] : ['agent_id = ?']),
    ...(statuses === undefined ? [] : [`status IN (${statuses.map(() => '?').join(', ')})`]),
  ];
  return {
    where: conditions.join(' AND '),
    parameters: [...(agentId === undefined ? [] : [agentId]), ...(statuses ?? [])],
  };
}
