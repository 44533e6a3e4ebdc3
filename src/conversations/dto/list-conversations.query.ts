import { DEFAULT_PAGE_SIZE, MAX_PAGE_NUMBER, MAX_PAGE_SIZE } from '../../common/pagination/page.js';
import {
  AgentIdField,
  EnumField,
  EnumListParameter,
  ExternalIdField,
  IntegerParameter,
  PageInsteadOf,
  PARAMETER,
  TextField,
  TimeField,
} from '../../http/validation/fields.js';
import { TenantQuery } from '../../tenancy/tenant.query.js';
import { CONVERSATION_ORDERS, type ConversationOrder } from '../conversation-list.js';
import type { ConversationPageRequest } from '../conversations.service.js';
import type { RunStatus } from '../run-status.js';
import { STATUS } from './conversation-fields.js';

export class ListConversationsQuery extends TenantQuery {
  @ExternalIdField({ ...PARAMETER, description: 'Only conversations of this assignment.' })
  assignment_id?: string;

  @AgentIdField({ ...PARAMETER, description: 'Only conversations of this agent.' })
  agent_id?: string;

  @ExternalIdField({ ...PARAMETER, description: 'Only conversations of this user.' })
  user_id?: string;

  @IntegerParameter({
    min: 1,
    max: MAX_PAGE_NUMBER,
    default: 1,
    description: 'Page number, from 1. A page past the end has no data.',
  })
  @PageInsteadOf('cursor')
  page_num?: number;

  @IntegerParameter({ min: 1, max: MAX_PAGE_SIZE, default: DEFAULT_PAGE_SIZE, description: 'Items a page.' })
  page_size: number = DEFAULT_PAGE_SIZE;

  @EnumField({
    values: CONVERSATION_ORDERS,
    name: 'ConversationOrder',
    docs: { description: 'Order of a list of conversations.', default: 'recent' },
    ...PARAMETER,
    default: 'recent',
    description:
      '`recent`: newest created first. `oldest`: its exact reverse. `active`: latest activity first.',
  })
  order: ConversationOrder = 'recent';

  @EnumField({
    ...STATUS,
    ...PARAMETER,
    description: 'Only conversations with this status (or one of `statuses`).',
  })
  status?: RunStatus;

  @EnumListParameter({
    ...STATUS,
    description: 'Only conversations with one of these statuses; repeated or comma-separated.',
  })
  statuses?: RunStatus[];

  @TimeField({ ...PARAMETER, description: 'Created at this time or later (RFC 3339).' })
  created_after?: Date;

  @TimeField({ ...PARAMETER, description: 'Created before this time (RFC 3339).' })
  created_before?: Date;

  @TimeField({ ...PARAMETER, description: 'Last activity at this time or later (RFC 3339).' })
  updated_after?: Date;

  @TimeField({ ...PARAMETER, description: 'Last activity before this time (RFC 3339).' })
  updated_before?: Date;

  @TextField({
    ...PARAMETER,
    max: 16 * 1024, // as long as a request line may be: what is too long for a cursor is an invalid one
    description:
      '`next_cursor` of a page: goes on behind its last row, at the same cost however deep. Send the same filters and order, and no `page_num` but 1.',
  })
  cursor?: string;

  /** What the service is asked for. */
  toRequest(): ConversationPageRequest {
    const statuses = [...new Set([...(this.status ? [this.status] : []), ...(this.statuses ?? [])])].sort();
    return {
      filter: {
        assignmentId: this.assignment_id,
        agentId: this.agent_id,
        userId: this.user_id,
        statuses: statuses.length > 0 ? statuses : undefined,
        createdAfter: this.created_after,
        createdBefore: this.created_before,
        updatedAfter: this.updated_after,
        updatedBefore: this.updated_before,
      },
      order: this.order,
      pageSize: this.page_size,
      from: this.cursor === undefined ? { pageNumber: this.page_num ?? 1 } : { cursor: this.cursor },
    };
  }
}
