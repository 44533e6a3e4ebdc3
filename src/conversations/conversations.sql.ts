import { firstIdAt } from '../common/ids.js';
import type { Condition, Ordering, PageSelection } from '../database/sql/scoped-sql.js';
import type { TenantScope } from '../identity/tenant-scope.js';
import type { ConversationFilter, ConversationOrder } from './conversation-list.js';

/** Where a list goes on behind a row: its id, and for `active` the time of its last activity. */
export interface ConversationPosition {
  id: string;
  updatedTime: Date;
}

const ORDER: Record<ConversationOrder, Ordering> = {
  recent: [['id', 'DESC']],
  oldest: [['id', 'ASC']],
  active: [
    ['updated_time', 'DESC'],
    ['id', 'DESC'],
  ],
};

/** Creation time is part of the id, so bounds on it are bounds on the key. */
export function conditionOf(filter: ConversationFilter): Condition {
  const sql: string[] = [];
  const parameters: unknown[] = [];
  const add = (condition: string, ...values: unknown[]) => {
    if (values.includes(undefined)) return;
    sql.push(condition);
    parameters.push(...values);
  };
  add('assignment_id = ?', filter.assignmentId);
  add('agent_id = ?', filter.agentId);
  add('user_id = ?', filter.userId);
  add('external_id = ?', filter.externalId);
  if (filter.statuses) add(`status IN (${filter.statuses.map(() => '?').join(', ')})`, ...filter.statuses);
  add('id >= ?', filter.createdAfter && firstIdAt(filter.createdAfter));
  add('id < ?', filter.createdBefore && firstIdAt(filter.createdBefore));
  add('updated_time >= ?', filter.updatedAfter);
  add('updated_time < ?', filter.updatedBefore);
  return { where: sql.join(' AND '), parameters };
}

/** The page of a list that begins behind `offset` rows, or (`reversed`) of the same list from its end. */
export function pageOf(
  scope: TenantScope,
  filter: ConversationFilter,
  order: ConversationOrder,
  { limit, offset, reversed = false }: { limit: number; offset: number; reversed?: boolean },
): PageSelection {
  const column = leadingColumn(filter);
  // Several statuses are several stretches of the index, each of them in order.
  const byStatus =
    order !== 'active' && column === 'status' ? filter.statuses?.map((status) => [status]) : undefined;
  return {
    branches: (byStatus ?? [filter.statuses]).map((statuses) => conditionOf({ ...filter, statuses })),
    order: reversed
      ? ORDER[order].map(([name, direction]) => [name, direction === 'ASC' ? 'DESC' : 'ASC'])
      : ORDER[order],
    limit,
    offset,
    index: indexFor(scope, filter, order),
    meetsFew: column === 'external_id',
  };
}

/** Narrows a condition to what is behind a position. MariaDB walks an index for this form, but not for a comparison of rows. */
export function behind(
  { where, parameters }: Condition,
  order: ConversationOrder,
  { id, updatedTime }: ConversationPosition,
): Condition {
  const position: Condition =
    order === 'active'
      ? {
          where: 'updated_time <= ? AND (updated_time < ? OR id < ?)',
          parameters: [updatedTime, updatedTime, id],
        }
      : { where: order === 'recent' ? 'id < ?' : 'id > ?', parameters: [id] };
  return {
    where: [where, position.where].filter((part) => part !== '').join(' AND '),
    parameters: [...parameters, ...position.parameters],
  };
}

/** The filter that is expected to narrow most. */
function leadingColumn(filter: ConversationFilter): string | undefined {
  if (filter.externalId !== undefined) return 'external_id';
  if (filter.assignmentId !== undefined) return 'assignment_id';
  if (filter.userId !== undefined) return 'user_id';
  if (filter.agentId !== undefined) return 'agent_id';
  if (filter.statuses !== undefined) return 'status';
  return undefined;
}

/** The index that has the rows in their order, behind the unit and the leading filter where these are given. */
function indexFor(scope: TenantScope, filter: ConversationFilter, order: ConversationOrder): string {
  const hasUnit = scope.tenantUnitId !== null;
  const column = leadingColumn(filter);
  // At most one a unit.
  if (column === 'external_id') return 'conversation_by_external_id';
  if (order === 'active') {
    if (column === 'user_id' && !hasUnit) return 'conversation_by_user_activity';
    return hasUnit ? 'conversation_by_unit_activity' : 'conversation_by_activity';
  }
  if (column !== undefined) return `conversation_by_${hasUnit ? 'unit_' : ''}${column}`;
  return hasUnit ? 'conversation_by_tenant_unit_id' : 'PRIMARY';
}
