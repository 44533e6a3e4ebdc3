import { now } from '../common/clock.js';
import { newId, timeOfId } from '../common/ids.js';
import { authoredBy } from '../database/schema/authorship.js';
import type { TenantScope } from '../identity/tenant-scope.js';
import type { Conversation } from './conversation.entity.js';
import { DEFAULT_RUN_STATUS, type RunStatus } from './run-status.js';

/** What a new conversation is made of; `inputs` and `extendProperties` are JSON text. */
export interface NewConversation {
  topic: string;
  status: RunStatus;
  agentId: string | null;
  agentMode: string | null;
  agentType: string | null;
  assignmentId: string | null;
  /** Undefined: the user behind the credential. Null: nobody. */
  userId: string | null | undefined;
  invokeFrom: string | null;
  inputs: string;
  extendProperties: string;
  externalId: string | null;
  /** Of imported history; undefined: now. */
  createdTime: Date | undefined;
}

/** The conversation as it is stored, without messages yet. */
export function conversationOf(
  scope: TenantScope,
  { createdTime, userId = scope.principal.userId, ...input }: NewConversation,
): Conversation {
  const id = newId(createdTime);
  return {
    ...input,
    id,
    tenantId: scope.tenantId,
    tenantUnitId: scope.tenantUnitId,
    userId,
    externalUnitId: input.externalId === null ? null : (scope.tenantUnitId ?? ''),
    forkedFromId: null,
    forkedFromSequence: null,
    messageCount: 0,
    largestMessage: 0,
    version: 1,
    writtenTime: (createdTime ? now() : timeOfId(id)).toISOString(),
    ...authoredBy(scope.principal, timeOfId(id)),
  };
}

/** A conversation that begins with the messages of another one up to a sequence. */
export function forkOf(
  scope: TenantScope,
  source: Conversation,
  sequence: number,
  given: { topic: string | undefined; externalId: string | null },
): Conversation {
  const id = newId();
  return {
    ...source,
    id,
    topic: given.topic ?? source.topic,
    status: DEFAULT_RUN_STATUS,
    externalId: given.externalId,
    externalUnitId: given.externalId === null ? null : (source.tenantUnitId ?? ''),
    forkedFromId: source.id,
    forkedFromSequence: sequence,
    messageCount: sequence,
    version: 1,
    writtenTime: timeOfId(id).toISOString(),
    ...authoredBy(scope.principal, timeOfId(id)),
  };
}
