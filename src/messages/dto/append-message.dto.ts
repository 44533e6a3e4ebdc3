import { ApiSchema } from '@nestjs/swagger';
import { type Fault, ValidationFailed } from '../../common/errors/domain-error.js';
import type { WrittenJson } from '../../common/json/json-text.js';
import { BooleanField } from '../../http/validation/boolean-field.js';
import { EnumField } from '../../http/validation/enum-fields.js';
import { AgentIdField, ExternalIdField } from '../../http/validation/id-fields.js';
import { IntegerField } from '../../http/validation/integer-fields.js';
import { JsonObjectField, JsonObjectsField } from '../../http/validation/json-fields.js';
import { ListField } from '../../http/validation/list-field.js';
import { LongTextField, TextField } from '../../http/validation/text-fields.js';
import { PastTimeField, TimeField } from '../../http/validation/time-fields.js';
import { MESSAGE_SENDERS, type MessageSender } from '../message.entity.js';
import {
  contentOf,
  isMessagePart,
  MAX_CONTENT_BYTES,
  MAX_PARTS,
  MAX_PARTS_BYTES,
  type MessagePart,
} from '../message-parts.js';
import type { AppendConditions } from '../append.js';
import { flagOf, type NewMessage } from '../new-message.js';

export const SENDER = {
  values: MESSAGE_SENDERS,
  name: 'MessageFrom',
  docs: { description: 'Who says a message.' },
};
export const PARTS = {
  schema: {
    type: 'object',
    required: ['type'],
    properties: { type: { type: 'string', minLength: 1, maxLength: 64 } },
    additionalProperties: true,
  },
  example: [
    { type: 'text', text: 'Let me look.' },
    { type: 'tool_call', id: 'call-1', name: 'find_table', arguments: { seats: 2 } },
  ],
};
export const HIDDEN = {
  optional: true,
  example: false,
  description:
    'Not meant for models or readers (any more), as an undone turn. It keeps its place and its text.',
};
const MAX_TOKENS = 2 ** 31 - 1;
const TOKENS = { optional: true, min: 0, max: MAX_TOKENS };
export const FEEDBACK = {
  max: 2000,
  optional: true,
  example: 'helpful',
  description: 'What the reader thought of it.',
};
export const METADATA = {
  maxBytes: 64 * 1024,
  optional: true,
  example: { acts: ['INFORM'] },
  description: 'Whatever else belongs to it. Kept as its exact JSON value, up to 64 KiB.',
};
export const IF_EXISTS = {
  values: ['return'],
  name: 'IfExists',
  docs: { description: 'What to do where the name is taken: answer what is there.' },
  optional: true,
};

/** A message that is to be stored, as it stands in a list of them. */
@ApiSchema({ name: 'NewMessage' })
export class NewMessageDto {
  @EnumField({ ...SENDER, example: 'user', description: 'Who said it.' })
  message_from: MessageSender;

  @LongTextField({
    maxBytes: MAX_CONTENT_BYTES,
    optional: (dto) => dto instanceof NewMessageDto && dto.parts !== undefined,
    absent: 'is needed where there are no parts',
    example: 'I want a table for 2 people at half past 11.',
    description:
      'What was said: up to 1 MiB in UTF-8, may be empty, kept byte for byte. It never changes. Required unless `parts` are given, of whose texts it then is made.',
  })
  content?: string;

  @JsonObjectsField({
    max: MAX_PARTS,
    maxBytes: MAX_PARTS_BYTES,
    accepts: isMessagePart,
    items: { schema: PARTS.schema, rule: 'each with a `type` of 1 to 64 characters' },
    optional: true,
    example: PARTS.example,
    description:
      'What an agent framework says in pieces: tool calls and their results, reasoning, pictures by reference, citations. 1 to 500 objects with a `type`, up to 4 MiB together, kept as their exact JSON value and never interpreted. They never change.',
  })
  parts?: WrittenJson<readonly MessagePart[]>;

  @ExternalIdField({ optional: true, example: 'run-42', description: 'The run that produced it.' })
  run_id?: string;

  @AgentIdField({ optional: true, description: 'The agent; by default the one of the conversation.' })
  agent_id?: string;

  @ExternalIdField({ optional: true, description: 'The user; by default the one of the conversation.' })
  user_id?: string;

  @TimeField({
    optional: true,
    example: '2026-01-31T08:00:00.000Z',
    description: 'When it was said or asked for (RFC 3339); by default when it is created.',
  })
  requested_time?: Date;

  @IntegerField({ ...TOKENS, example: 12, description: 'Tokens read; by default 0.' })
  input_tokens: number = 0;

  @IntegerField({ ...TOKENS, example: 30, description: 'Tokens written; by default 0.' })
  answer_tokens: number = 0;

  @IntegerField({
    ...TOKENS,
    optional: (dto) => !(dto instanceof NewMessageDto && isSumTooLarge(dto)),
    example: 42,
    description:
      'Tokens in all; by default the sum of the two, which then may not be above 2147483647 either.',
  })
  total_tokens?: number;

  @TextField(FEEDBACK)
  feedback?: string;

  @JsonObjectField(METADATA)
  metadata?: WrittenJson;

  @ExternalIdField({
    optional: true,
    description:
      'Your own name for it, unique within the conversation: it is stored once, however often it is sent.',
  })
  external_id?: string;

  @BooleanField(HIDDEN)
  hidden?: boolean;

  @PastTimeField({
    optional: true,
    description:
      'When it was created, for history; with the scope `conversations:import` only. Not before the message in front of it.',
  })
  created_time?: Date;

  /** What the service is asked for; `pointer` is where it stands in the body. */
  toNewMessage(pointer = ''): NewMessage {
    return {
      pointer,
      messageFrom: this.message_from,
      content: this.content ?? contentOf(this.parts?.value ?? []),
      parts: this.parts?.text ?? null,
      runId: this.run_id ?? null,
      agentId: this.agent_id,
      userId: this.user_id,
      requestedTime: this.requested_time,
      inputTokens: this.input_tokens,
      answerTokens: this.answer_tokens,
      totalTokens: this.total_tokens ?? this.input_tokens + this.answer_tokens,
      feedback: this.feedback ?? null,
      metadata: this.metadata?.text ?? '{}',
      externalId: this.external_id ?? null,
      hidden: flagOf(this.hidden ?? false),
      createdTime: this.created_time,
    };
  }
}

/** Of two numbers that are not too large themselves. */
const isSumTooLarge = ({ input_tokens, answer_tokens }: NewMessageDto): boolean =>
  [input_tokens, answer_tokens].every(isTokenCount) && input_tokens + answer_tokens > MAX_TOKENS;

const isTokenCount = (value: unknown): boolean => typeof value === 'number' && value <= MAX_TOKENS;

/** The messages of a body. Throws ValidationFailed where two of them have one name. */
export function newMessagesOf(messages: readonly NewMessageDto[]): NewMessage[] {
  const names = new Set<string>();
  const faults: Fault[] = [];
  for (const [index, { external_id: name }] of messages.entries()) {
    if (name !== undefined && names.has(name))
      faults.push({
        detail: 'is the name of a message in front of it',
        pointer: `/messages/${index}/external_id`,
      });
    if (name !== undefined) names.add(name);
  }
  if (faults.length > 0) throw new ValidationFailed(faults);
  return messages.map((message, index) => message.toNewMessage(`/messages/${index}`));
}

const EXPECTED_LAST_SEQUENCE = {
  optional: true,
  min: 0,
  max: Number.MAX_SAFE_INTEGER,
  description:
    'Append only if this is the `sequence` of the last message (0: of none); else 409 `sequence_conflict`.',
};
const RETURN_EXISTING = {
  ...IF_EXISTS,
  description:
    '`return`: a message whose `external_id` is there already is answered as it is, instead of 409 `message_exists`.',
};

const conditionsOf = (body: AppendMessageDto | AppendMessagesDto): AppendConditions => ({
  returnsExisting: body.if_exists === 'return',
  expectedLastSequence: body.expected_last_sequence,
});

@ApiSchema({ name: 'AppendMessage' })
export class AppendMessageDto extends NewMessageDto {
  @EnumField(RETURN_EXISTING)
  if_exists?: 'return';

  @IntegerField(EXPECTED_LAST_SEQUENCE)
  expected_last_sequence?: number;

  toConditions(): AppendConditions {
    return conditionsOf(this);
  }
}

export const MAX_BATCH_MESSAGES = 500;

@ApiSchema({ name: 'AppendMessages' })
export class AppendMessagesDto {
  @ListField({
    Element: NewMessageDto,
    min: 1,
    max: MAX_BATCH_MESSAGES,
    description: 'The messages, in the order in which they were said.',
  })
  messages: NewMessageDto[];

  @EnumField(RETURN_EXISTING)
  if_exists?: 'return';

  @IntegerField(EXPECTED_LAST_SEQUENCE)
  expected_last_sequence?: number;

  toConditions(): AppendConditions {
    return conditionsOf(this);
  }
}
