import { ApiSchema } from '@nestjs/swagger';
import { type Fault, ValidationFailed } from '../../common/errors/domain-error.js';
import {
  AgentIdField,
  EnumField,
  ExternalIdField,
  JsonObjectField,
  PARAMETER,
  TextField,
} from '../../http/validation/fields.js';
import { TenantQuery } from '../../tenancy/tenant.query.js';
import type { NewConversation } from '../conversations.service.js';
import { DEFAULT_RUN_STATUS, type RunStatus } from '../run-status.js';
import { EXAMPLE_AGENT_ID, MAX_JSON_BYTES, STATUS, TOPIC } from './conversation-fields.js';

export class CreateConversationQuery extends TenantQuery {
  @ExternalIdField({
    ...PARAMETER,
    description: 'As `assignment_id` in the body; if both are given they must be equal.',
  })
  assignment_id?: string;
}

@ApiSchema({ name: 'CreateConversation' })
export class CreateConversationDto {
  @TextField({
    ...TOPIC,
    optional: true,
    description: `${TOPIC.description} By default \`New Conversation\`.`,
  })
  topic: string = 'New Conversation';

  @EnumField({
    ...STATUS,
    optional: true,
    description: 'Status to begin with; by default `running`.',
  })
  status?: RunStatus;

  @AgentIdField({
    optional: true,
    example: EXAMPLE_AGENT_ID,
    description: 'The agent that takes part: a UUID, which is kept in lower case, or any other id.',
  })
  agent_id?: string;

  @JsonObjectField({
    maxBytes: MAX_JSON_BYTES,
    optional: true,
    example: { city: 'San Jose', seats: 2 },
    description: 'What the agent was started with. Kept as its exact JSON value, up to 64 KiB.',
  })
  inputs?: object;

  @ExternalIdField({
    optional: true,
    example: 'booking-desk',
    description: 'The assignment it belongs to.',
  })
  assignment_id?: string;

  @ExternalIdField({
    optional: true,
    keepsNull: true,
    example: 'ada',
    description: 'The user; by default the one behind the credential. Null: nobody.',
  })
  user_id?: string | null;

  @TextField({
    max: 64,
    optional: true,
    example: 'chat',
    description: 'How the agent works, in its own words.',
  })
  agent_mode?: string;

  @TextField({ max: 64, optional: true, example: 'assistant', description: 'What kind of agent it is.' })
  agent_type?: string;

  @TextField({
    max: 64,
    optional: true,
    example: 'web',
    description: 'Where the conversation was started from.',
  })
  invoke_from?: string;

  @JsonObjectField({
    maxBytes: MAX_JSON_BYTES,
    optional: true,
    example: { channel: 'website' },
    description: 'Whatever else belongs to it. Kept as its exact JSON value, up to 64 KiB.',
  })
  extend_properties?: object;

  /** What the service is asked for. Throws ValidationFailed when the query names another assignment. */
  toNewConversation(query: CreateConversationQuery): NewConversation {
    const inBody = this.assignment_id;
    if (inBody !== undefined && query.assignment_id !== undefined && inBody !== query.assignment_id) {
      throw new ValidationFailed(TWO_ASSIGNMENTS);
    }
    return {
      topic: this.topic,
      status: this.status ?? DEFAULT_RUN_STATUS,
      agentId: this.agent_id ?? null,
      agentMode: this.agent_mode ?? null,
      agentType: this.agent_type ?? null,
      assignmentId: inBody ?? query.assignment_id ?? null,
      userId: this.user_id,
      invokeFrom: this.invoke_from ?? null,
      inputs: this.inputs ?? {},
      extendProperties: this.extend_properties ?? {},
    };
  }
}

const TWO_ASSIGNMENTS: Fault[] = [
  { detail: 'differs from assignment_id in the query', pointer: '/assignment_id' },
  { detail: 'differs from assignment_id in the body', parameter: 'assignment_id' },
];
