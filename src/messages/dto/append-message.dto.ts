import { ApiSchema } from '@nestjs/swagger';
import {
  AgentIdField,
  EnumField,
  ExternalIdField,
  IntegerField,
  JsonObjectField,
  ListField,
  LongTextField,
  TextField,
  TimeField,
} from '../../http/validation/fields.js';
import { MESSAGE_SENDERS, type MessageSender } from '../message.entity.js';
import type { NewMessage } from '../message-appender.js';

export const SENDER = {
  values: MESSAGE_SENDERS,
  name: 'MessageFrom',
  docs: { description: 'Who says a message.' },
};
const MAX_CONTENT_BYTES = 1024 * 1024;
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

@ApiSchema({ name: 'AppendMessage' })
export class AppendMessageDto {
  @EnumField({ ...SENDER, example: 'user', description: 'Who said it.' })
  message_from: MessageSender;

  @LongTextField({
    maxBytes: MAX_CONTENT_BYTES,
    example: 'I want a table for 2 people at half past 11.',
    description: 'What was said: up to 1 MiB in UTF-8, may be empty, kept byte for byte. It never changes.',
  })
  content: string;

  @ExternalIdField({ optional: true, example: 'run-42', description: 'The run that produced it.' })
  run_id?: string;

  @AgentIdField({ optional: true, description: 'The agent; by default the one of the conversation.' })
  agent_id?: string;

  @ExternalIdField({ optional: true, description: 'The user; by default the one of the conversation.' })
  user_id?: string;

  @TimeField({
    optional: true,
    example: '2026-01-31T08:00:00.000Z',
    description: 'When it was said or asked for (RFC 3339); by default now.',
  })
  requested_time?: Date;

  @IntegerField({ ...TOKENS, example: 12, description: 'Tokens read; by default 0.' })
  input_tokens: number = 0;

  @IntegerField({ ...TOKENS, example: 30, description: 'Tokens written; by default 0.' })
  answer_tokens: number = 0;

  @IntegerField({
    ...TOKENS,
    optional: (dto) => !(dto instanceof AppendMessageDto && isSumTooLarge(dto)),
    example: 42,
    description:
      'Tokens in all; by default the sum of the two, which then may not be above 2147483647 either.',
  })
  total_tokens?: number;

  @TextField(FEEDBACK)
  feedback?: string | null;

  @JsonObjectField(METADATA)
  metadata?: object;

  toNewMessage(): NewMessage {
    return {
      messageFrom: this.message_from,
      content: this.content,
      runId: this.run_id ?? null,
      agentId: this.agent_id,
      userId: this.user_id,
      requestedTime: this.requested_time,
      inputTokens: this.input_tokens,
      answerTokens: this.answer_tokens,
      totalTokens: this.total_tokens ?? this.input_tokens + this.answer_tokens,
      feedback: this.feedback ?? null,
      metadata: this.metadata ?? {},
    };
  }
}

/** Of two numbers that are not too large themselves. */
const isSumTooLarge = ({ input_tokens, answer_tokens }: AppendMessageDto): boolean =>
  [input_tokens, answer_tokens].every(isTokenCount) && input_tokens + answer_tokens > MAX_TOKENS;

const isTokenCount = (value: unknown): boolean => typeof value === 'number' && value <= MAX_TOKENS;

const MAX_BATCH_MESSAGES = 500;

@ApiSchema({ name: 'AppendMessages' })
export class AppendMessagesDto {
  @ListField({
    Element: AppendMessageDto,
    min: 1,
    max: MAX_BATCH_MESSAGES,
    description: 'The messages, in the order in which they were said.',
  })
  messages: AppendMessageDto[];
}
