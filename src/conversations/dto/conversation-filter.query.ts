import { EnumField, EnumListParameter } from '../../http/validation/enum-fields.js';
import { PARAMETER } from '../../http/validation/field.js';
import { AgentIdField, ExternalIdField } from '../../http/validation/id-fields.js';
import { TimeField } from '../../http/validation/time-fields.js';
import { TenantQuery } from '../../tenancy/tenant.query.js';
import type { ConversationFilter } from '../conversation-list.js';
import type { RunStatus } from '../run-status.js';
import { STATUS } from './conversation-fields.js';

/** Which conversations an operation is about. */
export class ConversationFilterQuery extends TenantQuery {
  @ExternalIdField({ ...PARAMETER, description: 'Only conversations of this assignment.' })
  assignment_id?: string;

  @AgentIdField({ ...PARAMETER, description: 'Only conversations of this agent.' })
  agent_id?: string;

  @ExternalIdField({ ...PARAMETER, description: 'Only conversations of this user.' })
  user_id?: string;

  @ExternalIdField({
    ...PARAMETER,
    description: 'Only the conversation (of each unit) with this name of yours.',
  })
  external_id?: string;

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

  toFilter(): ConversationFilter {
    const statuses = [...new Set([...(this.status ? [this.status] : []), ...(this.statuses ?? [])])].sort();
    return {
      assignmentId: this.assignment_id,
      agentId: this.agent_id,
      userId: this.user_id,
      externalId: this.external_id,
      statuses: statuses.length > 0 ? statuses : undefined,
      createdAfter: this.created_after,
      createdBefore: this.created_before,
      updatedAfter: this.updated_after,
      updatedBefore: this.updated_before,
    };
  }
}
