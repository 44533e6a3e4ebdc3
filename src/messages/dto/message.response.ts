import type { StreamableFile } from '@nestjs/common';
import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { AuthorshipResponse } from '../../http/authorship.response.js';
import { BASE_PATH } from '../../http/resource.js';
import { parseJson } from '../../common/json/json-value.js';
import { jsonArray, JsonBody, jsonWith } from '../../common/json/json-body.js';
import type { Page } from '../../common/pagination/page.js';
import { PageResponse } from '../../http/page.response.js';
import { slicedPage } from '../../http/sliced-body.js';
import type { MessagePage } from '../messages.service.js';
import { MESSAGE_SENDERS, type Message, type MessageSender, type ReadMessage } from '../message.entity.js';
import { messagePath } from '../message-path.js';
import { FEEDBACK, HIDDEN, METADATA, PARTS, SENDER } from './append-message.dto.js';

const OPTIONAL_ID = { type: String, nullable: true } as const;

@ApiSchema({ name: 'Message' })
export class MessageResponse extends AuthorshipResponse {
  readonly #metadata: string | undefined;
  readonly #parts: string | null | undefined;

  @ApiProperty({
    type: String,
    format: 'uuid',
    example: '019c12f4-8b10-7e2d-8c4b-5e2f00000001',
    description: 'UUIDv7 made by the service.',
  })
  id: string;

  @ApiProperty({
    type: String,
    format: 'uuid',
    example: '019c12f4-8a00-7c1d-9a4b-5e2f6d3c1b0a',
    description: 'The conversation it belongs to.',
  })
  conversation_id: string;

  @ApiProperty({
    type: 'integer',
    minimum: 1,
    example: 1,
    description: 'Its place in the conversation: 1, 2, 3 … without a gap. This is the order; times are not.',
  })
  sequence: number;

  @ApiProperty({
    enum: [...MESSAGE_SENDERS],
    enumName: SENDER.name,
    enumSchema: SENDER.docs,
    example: 'user',
    description: 'Who said it.',
  })
  message_from: MessageSender;

  @ApiProperty({
    type: String,
    example: 'I want a table for 2 people at half past 11.',
    description: 'What was said, byte for byte.',
  })
  content: string;

  @ApiProperty({ ...OPTIONAL_ID, example: 'run-42', description: 'The run that produced it.' })
  run_id: string | null;

  @ApiProperty({ ...OPTIONAL_ID, example: '8f9d2c1e-5b7a-4f0e-9c3d-2a1b6e4d7f80', description: 'The agent.' })
  agent_id: string | null;

  @ApiProperty({ ...OPTIONAL_ID, example: 'ada', description: 'The user.' })
  user_id: string | null;

  @ApiProperty({
    type: String,
    format: 'date-time',
    example: '2026-01-31T08:00:00.000Z',
    description: 'When it was said or asked for.',
  })
  requested_time: string;

  @ApiProperty({ type: 'integer', minimum: 0, example: 12, description: 'Tokens read.' })
  input_tokens: number;

  @ApiProperty({ type: 'integer', minimum: 0, example: 30, description: 'Tokens written.' })
  answer_tokens: number;

  @ApiProperty({ type: 'integer', minimum: 0, example: 42, description: 'Tokens in all.' })
  total_tokens: number;

  @ApiProperty({
    type: String,
    nullable: true,
    example: FEEDBACK.example,
    description: 'What the reader thought of it.',
  })
  feedback: string | null;

  @ApiProperty({
    type: Object,
    additionalProperties: true,
    nullable: true,
    example: METADATA.example,
    description: 'Whatever else belongs to it; null only where `omit` leaves it out.',
  })
  get metadata(): unknown {
    return parseJson(this.#metadata ?? 'null');
  }

  @ApiProperty({
    type: 'array',
    items: PARTS.schema,
    nullable: true,
    example: PARTS.example,
    description: 'What it was said in, piece by piece; null without parts, or where `omit` leaves them out.',
  })
  get parts(): unknown {
    return parseJson(this.#parts ?? 'null');
  }

  @ApiProperty({ ...OPTIONAL_ID, example: null, description: 'The client’s own name for it.' })
  external_id: string | null;

  @ApiProperty({ type: Boolean, example: false, description: HIDDEN.description })
  hidden: boolean;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    example: null,
    description: 'When its text was taken out for good; null while it is there.',
  })
  redacted_time: string | null;

  @ApiProperty({
    type: String,
    example: '40d39c4b-9585-4123-8fd4-f1cc23a1184c',
    description: 'The tenant it belongs to.',
  })
  tenant_id: string;

  @ApiProperty({ ...OPTIONAL_ID, example: null, description: 'The unit of the tenant it belongs to.' })
  tenant_unit_id: string | null;

  constructor(message: ReadMessage) {
    super(message.version);
    this.id = message.id;
    this.conversation_id = message.conversationId;
    this.sequence = message.sequence;
    this.message_from = message.messageFrom;
    this.content = message.content;
    this.run_id = message.runId;
    this.agent_id = message.agentId;
    this.user_id = message.userId;
    this.requested_time = message.requestedTime;
    this.input_tokens = message.inputTokens;
    this.answer_tokens = message.answerTokens;
    this.total_tokens = message.totalTokens;
    this.feedback = message.feedback;
    this.#metadata = message.metadata;
    this.#parts = message.parts;
    this.external_id = message.externalId;
    this.hidden = message.hidden === 1;
    this.redacted_time = message.redactedTime;
    this.tenant_id = message.tenantId;
    this.tenant_unit_id = message.tenantUnitId;
    this.setAuthorship(message);
  }

  static from(this: void, message: ReadMessage): MessageResponse {
    return new MessageResponse(message);
  }

  /** The only message of an append. */
  static fromOnly(this: void, [message]: readonly Message[]): MessageResponse {
    if (!message) throw new Error('An append returned no message.');
    return new MessageResponse(message);
  }

  path(): string {
    return BASE_PATH + messagePath(this.conversation_id, this.id);
  }

  toText(): string {
    return jsonWith(this, { metadata: this.#metadata ?? 'null', parts: this.#parts ?? 'null' });
  }
}

@ApiSchema({ name: 'MessagePage' })
export class MessagePageResponse extends PageResponse {
  readonly #data: readonly MessageResponse[];

  @ApiProperty({ type: [MessageResponse], description: 'The messages of this page.' })
  get data(): readonly MessageResponse[] {
    return this.#data;
  }

  constructor(page: Page<ReadMessage>) {
    super(page);
    this.#data = page.items.map((item) => MessageResponse.from(item));
  }

  static from(this: void, { items, ...page }: MessagePage): Promise<JsonBody | StreamableFile> | JsonBody {
    if (!(Symbol.asyncIterator in items)) return new MessagePageResponse({ ...page, items });
    return slicedPage(new MessagePageResponse({ ...page, items: [] }), items, MessageResponse.from);
  }

  toText(): string {
    return jsonWith(this, { data: jsonArray(this.#data) });
  }
}

@ApiSchema({ name: 'AppendedMessages' })
export class AppendedMessagesResponse extends JsonBody {
  readonly #data: readonly MessageResponse[];

  @ApiProperty({ type: [MessageResponse], description: 'The messages as they were stored, in order.' })
  get data(): readonly MessageResponse[] {
    return this.#data;
  }

  constructor(messages: readonly Message[]) {
    super();
    this.#data = messages.map((message) => MessageResponse.from(message));
  }

  static from(this: void, messages: readonly Message[]): AppendedMessagesResponse {
    return new AppendedMessagesResponse(messages);
  }

  toText(): string {
    return `{"data":${jsonArray(this.#data)}}`;
  }
}
