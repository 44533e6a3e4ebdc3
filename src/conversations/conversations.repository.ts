import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import type { ExpectedVersions } from '../common/http/precondition.js';
import { firstIdAt } from '../common/ids.js';
import { changedBy } from '../database/authorship.js';
import { isDuplicate } from '../database/database-errors.js';
import { TenantScopedRepository } from '../database/tenant-scoped.repository.js';
import type { Transaction } from '../database/transactions.js';
import type { TenantScope } from '../tenancy/tenant-scope.js';
import type { ConversationFilter, ConversationOrder } from './conversation-list.js';
import { Conversation } from './conversation.entity.js';
import type { RunStatus } from './run-status.js';

/** Where a list goes on behind a row: its id, and for `active` the time of its last activity. */
export interface ConversationPosition {
  id: string;
  updatedTime: Date;
}

type ConversationChange =
  readonly [column: 'topic', value: string] | readonly [column: 'status', value: RunStatus];

/** What a conversation must be for a change to be made; what is undefined may be anything. */
export interface Expectation {
  versions?: ExpectedVersions;
  status?: RunStatus | undefined;
}

interface Condition {
  sql: string[];
  parameters: unknown[];
}

const ORDER_BY: Record<ConversationOrder, string> = {
  recent: 'id DESC',
  oldest: 'id ASC',
  active: 'updated_time DESC, id DESC',
};

@Injectable()
export class ConversationsRepository extends TenantScopedRepository<Conversation> {
  constructor(@InjectRepository(Conversation) repository: Repository<Conversation>) {
    super(repository);
  }

  /** False when there is a conversation with this id already. */
  async create(
    scope: TenantScope,
    transaction: Transaction,
    conversation: Omit<Conversation, 'tenantId'>,
  ): Promise<boolean> {
    try {
      await this.insert(scope, transaction, [conversation]);
      return true;
    } catch (error) {
      if (isDuplicate(error)) return false;
      throw error;
    }
  }

  async findById(scope: TenantScope, id: string): Promise<Conversation | null> {
    const [conversation] = await this.select(scope, { where: 'id = ?', parameters: [id] });
    return conversation ?? null;
  }

  /** As `findById`, with what the transaction has changed. */
  async findByIdIn(scope: TenantScope, transaction: Transaction, id: string): Promise<Conversation | null> {
    const [conversation] = await this.selectIn(scope, transaction, { where: 'id = ?', parameters: [id] });
    return conversation ?? null;
  }

  listPage(
    scope: TenantScope,
    filter: ConversationFilter,
    order: ConversationOrder,
    window: { limit: number; offset?: number; after?: ConversationPosition },
  ): Promise<Conversation[]> {
    const condition = conditionOf(filter);
    if (window.after) narrowToBehind(condition, order, window.after);
    return this.select(scope, {
      where: condition.sql.join(' AND '),
      parameters: condition.parameters,
      orderBy: ORDER_BY[order],
      limit: window.limit,
      ...(window.offset !== undefined && { offset: window.offset }),
      index: indexFor(scope, filter, order),
    });
  }

  countMatching(scope: TenantScope, filter: ConversationFilter): Promise<number> {
    const { sql, parameters } = conditionOf(filter);
    return this.count(scope, { where: sql.join(' AND '), parameters });
  }

  /**
   * Gives a conversation another topic or status, if it still is as expected. False when it is not, has that value
   * already, or does not exist.
   */
  async change(
    scope: TenantScope,
    transaction: Transaction,
    id: string,
    [column, value]: ConversationChange,
    expected: Expectation,
    time: Date,
  ): Promise<boolean> {
    const { set, values } = changedBy(scope.principal, time);
    const condition = expectationOf(expected);
    const matched = await this.update(scope, transaction, {
      set: `${column} = ?, ${set}`,
      values: [value, ...values],
      where: [`id = ? AND ${column} <> ?`, ...condition.sql].join(' AND '),
      parameters: [id, value, ...condition.parameters],
    });
    return matched === 1;
  }

  /**
   * Takes the next `count` sequence numbers of a conversation; `message_count` then is the last of them. The row's
   * lock is the queue of its writers. False when it does not exist.
   */
  async reserveSequences(
    scope: TenantScope,
    transaction: Transaction,
    id: string,
    count: number,
    time: Date,
  ): Promise<boolean> {
    const { set, values } = changedBy(scope.principal, time);
    const matched = await this.update(scope, transaction, {
      set: `message_count = message_count + ?, ${set}`,
      values: [count, ...values],
      where: 'id = ?',
      parameters: [id],
    });
    return matched === 1;
  }

  /** Holds the row against all other writers until the transaction ends. False when it does not exist or is not as expected. */
  async lock(
    scope: TenantScope,
    transaction: Transaction,
    id: string,
    versions: ExpectedVersions,
  ): Promise<boolean> {
    const condition = expectationOf({ versions });
    const matched = await this.update(scope, transaction, {
      set: 'version = version + 1',
      values: [],
      where: ['id = ?', ...condition.sql].join(' AND '),
      parameters: [id, ...condition.parameters],
    });
    return matched === 1;
  }

  async remove(scope: TenantScope, transaction: Transaction, id: string): Promise<void> {
    await this.delete(scope, transaction, { where: 'id = ?', parameters: [id] });
  }
}

/** Conditions for what a change expects of the row that it is made to. */
function expectationOf({ versions, status }: Expectation): Condition {
  const condition: Condition = { sql: [], parameters: [] };
  if (versions) {
    condition.sql.push(
      versions.length === 0 ? '1 = 0' : `version IN (${versions.map(() => '?').join(', ')})`,
    );
    condition.parameters.push(...versions);
  }
  if (status !== undefined) {
    condition.sql.push('status = ?');
    condition.parameters.push(status);
  }
  return condition;
}

/** Creation time is part of the id, so bounds on it are bounds on the key. */
function conditionOf(filter: ConversationFilter): Condition {
  const sql: string[] = [];
  const parameters: unknown[] = [];
  const add = (condition: string, value: unknown) => {
    if (value === undefined) return;
    sql.push(condition);
    parameters.push(value);
  };
  add('assignment_id = ?', filter.assignmentId);
  add('agent_id = ?', filter.agentId);
  add('user_id = ?', filter.userId);
  if (filter.statuses) {
    sql.push(`status IN (${filter.statuses.map(() => '?').join(', ')})`);
    parameters.push(...filter.statuses);
  }
  add('id >= ?', filter.createdAfter && firstIdAt(filter.createdAfter));
  add('id < ?', filter.createdBefore && firstIdAt(filter.createdBefore));
  add('updated_time >= ?', filter.updatedAfter);
  add('updated_time < ?', filter.updatedBefore);
  return { sql, parameters };
}

/** MariaDB walks an index for this form of the keyset condition, but not for a comparison of rows. */
function narrowToBehind(
  { sql, parameters }: Condition,
  order: ConversationOrder,
  { id, updatedTime }: ConversationPosition,
): void {
  if (order === 'active') {
    sql.push('updated_time <= ? AND (updated_time < ? OR id < ?)');
    parameters.push(updatedTime, updatedTime, id);
  } else {
    sql.push(order === 'recent' ? 'id < ?' : 'id > ?');
    parameters.push(id);
  }
}

/** The index that has the rows in their order and fits the filter that is expected to narrow most. */
function indexFor(scope: TenantScope, filter: ConversationFilter, order: ConversationOrder): string {
  if (order === 'active') return 'conversation_by_activity';
  if (filter.assignmentId !== undefined) return 'conversation_by_assignment_id';
  if (filter.userId !== undefined) return 'conversation_by_user_id';
  if (filter.agentId !== undefined) return 'conversation_by_agent_id';
  if (filter.statuses?.length === 1) return 'conversation_by_status';
  if (scope.tenantUnitId !== null) return 'conversation_by_tenant_unit_id';
  return 'PRIMARY';
}
