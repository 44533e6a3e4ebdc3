import { ApiSchema } from '@nestjs/swagger';
import { type Fault, ValidationFailed } from '../../common/errors/domain-error.js';
import type { WrittenJson } from '../../common/json/json-text.js';
import { EnumField } from '../../http/validation/enum-fields.js';
import { PARAMETER } from '../../http/validation/field.js';
import { AgentIdField, ExternalIdField } from '../../http/validation/id-fields.js';
import { JsonObjectField } from '../../http/validation/json-fields.js';
import { ListField } from '../../http/validation/list-field.js';
import { TextField } from '../../http/validation/text-fields.js';
import { PastTimeField } from '../../http/validation/time-fields.js';
import { TenantQuery } from '../../tenancy/tenant.query.js';
import {
  EXAMPLE_AGENT_ID,
  EXTEND_PROPERTIES,
  MAX_JSON_BYTES,
  STATUS,
  TOPIC,
} from '../../conversations/dto/conversation-fields.js';
import type { NewConversation } from '../../conversations/new-conversation.js';
import { DEFAULT_RUN_STATUS, type RunStatus } from '../../conversations/run-status.js';
import type { NewMessage } from '../new-message.js';
import { IF_EXISTS, MAX_BATCH_MESSAGES, NewMessageDto, newMessagesOf } from './append-message.dto.js';

export class CreateConversationQuery extends TenantQuery {
  @ExternalIdField({
    ...PARAMETER,
    description: 'As `assignment_id` in the body; if both are given they must be equal.',
  })
  assignment_id?: string;
}

export const EXTERNAL_ID = {
  optional: true,
  description:
    'Your own name for it, unique among the conversations of the unit (or of those without one): it is created once, however often it is sent. It never changes.',
};

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
  inputs?: WrittenJson;

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

  @JsonObjectField({ ...EXTEND_PROPERTIES, optional: true })
  extend_properties?: WrittenJson;

  @ExternalIdField(EXTERNAL_ID)
  external_id?: string;

  @EnumField({
    ...IF_EXISTS,
    description:
      '`return`: a conversation that has this `external_id` already is answered as it is, with 200, and no message is appended; instead of 409 `conversation_exists`.',
  })
  if_exists?: 'return';

  @ListField({
    Element: NewMessageDto,
    min: 0,
    max: MAX_BATCH_MESSAGES,
    optional: true,
    example: [{ message_from: 'user', content: 'I want a table for 2 people at half past 11.' }],
    description: 'What it begins with: stored with it as its messages 1 to n, all or nothing.',
  })
  messages?: NewMessageDto[];

  @PastTimeField({
    optional: true,
    description: 'When it was created, for history; with the scope `conversations:import` only.',
  })
  created_time?: Date;

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
      inputs: this.inputs?.text ?? '{}',
      extendProperties: this.extend_properties?.text ?? '{}',
      externalId: this.external_id ?? null,
      createdTime: this.created_time,
    };
  }

  /** The messages it begins with. Throws ValidationFailed where two of them have one name. */
  newMessages(): NewMessage[] {
    return newMessagesOf(this.messages ?? []);
  }
}

const TWO_ASSIGNMENTS: Fault[] = [
  { detail: 'differs from assignment_id in the query', pointer: '/assignment_id' },
  { detail: 'differs from assignment_id in the body', parameter: 'assignment_id' },
];
