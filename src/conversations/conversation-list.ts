import type { RunStatus } from './run-status.js';

export const CONVERSATION_ORDERS = ['recent', 'oldest', 'active'] as const;
/** `recent`: newest created first; `oldest`: its exact reverse; `active`: latest activity first. */
export type ConversationOrder = (typeof CONVERSATION_ORDERS)[number];

/** Which conversations a list shows; what is undefined does not narrow it. `…After` is inclusive, `…Before` exclusive. */
export interface ConversationFilter {
  assignmentId?: string | undefined;
  agentId?: string | undefined;
  userId?: string | undefined;
  externalId?: string | undefined;
  /** In any of these. */
  statuses?: readonly RunStatus[] | undefined;
  createdAfter?: Date | undefined;
  createdBefore?: Date | undefined;
  updatedAfter?: Date | undefined;
  updatedBefore?: Date | undefined;
}
