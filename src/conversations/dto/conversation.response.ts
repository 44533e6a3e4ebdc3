import type { StreamableFile } from '@nestjs/common';
import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { AuthorshipResponse } from '../../http/authorship.response.js';
import { BASE_PATH } from '../../http/resource.js';
import { parseJson } from '../../common/json/json-value.js';
import { jsonArray, type JsonBody, jsonWith } from '../../common/json/json-body.js';
import { PageResponse } from '../../http/page.response.js';
import { slicedPage } from '../../http/sliced-body.js';
import type { Page } from '../../common/pagination/page.js';
import type { Conversation } from '../conversation.entity.js';
import { conversationPath } from '../conversation-path.js';
import type { ConversationPage } from '../conversation-lists.service.js';
import { RUN_STATUSES, type RunStatus } from '../run-status.js';
import { EXAMPLE_AGENT_ID, STATUS, TOPIC } from './conversation-fields.js';

const ID = { type: String, nullable: true } as const;
const JSON_OBJECT = { type: Object, additionalProperties: true } as const;

@ApiSchema({ name: 'Conversation' })
export class ConversationResponse extends AuthorshipResponse {
  readonly #inputs: string;
  readonly #extendProperties: string;

  @ApiProperty({
    type: String,
    format: 'uuid',
    example: '019c12f4-8a00-7c1d-9a4b-5e2f6d3c1b0a',
    description: 'UUIDv7 made by the service.',
  })
  id: string;

  @ApiProperty({ type: String, example: TOPIC.example, description: TOPIC.description })
  topic: string;

  @ApiProperty({
    enum: [...RUN_STATUSES],
    enumName: STATUS.name,
    enumSchema: STATUS.docs,
    example: 'running',
    description: 'How the run behind the conversation stands.',
  })
  status: RunStatus;

  @ApiProperty({ ...ID, example: EXAMPLE_AGENT_ID, description: 'The agent that takes part.' })
  agent_id: string | null;

  @ApiProperty({ ...ID, example: 'chat', description: 'How the agent works, in its own words.' })
  agent_mode: string | null;

  @ApiProperty({ ...ID, example: 'assistant', description: 'What kind of agent it is.' })
  agent_type: string | null;

  @ApiProperty({ ...ID, example: 'booking-desk', description: 'The assignment it belongs to.' })
  assignment_id: string | null;

  @ApiProperty({ ...ID, example: 'ada', description: 'The user who talks with the agent.' })
  user_id: string | null;

  @ApiProperty({
    type: String,
    example: '40d39c4b-9585-4123-8fd4-f1cc23a1184c',
    description: 'The tenant it belongs to.',
  })
  tenant_id: string;

  @ApiProperty({ ...ID, example: null, description: 'The unit of the tenant it belongs to.' })
  tenant_unit_id: string | null;

  @ApiProperty({ ...ID, example: 'web', description: 'Where it was started from.' })
  invoke_from: string | null;

  @ApiProperty({
    ...JSON_OBJECT,
    example: { city: 'San Jose', seats: 2 },
    description: 'What the agent was started with.',
  })
  get inputs(): unknown {
    return parseJson(this.#inputs);
  }

  @ApiProperty({
    ...JSON_OBJECT,
    example: { channel: 'website' },
    description: 'Whatever else belongs to it.',
  })
  get extend_properties(): unknown {
    return parseJson(this.#extendProperties);
  }

  @ApiProperty({ type: 'integer', minimum: 0, example: 0, description: 'Exactly how many messages it has.' })
  message_count: number;

  @ApiProperty({ ...ID, example: null, description: 'The client’s own name for it.' })
  external_id: string | null;

  @ApiProperty({
    type: 'object',
    nullable: true,
    selfRequired: true,
    required: ['conversation_id', 'sequence'],
    properties: {
      conversation_id: { type: 'string', format: 'uuid' },
      sequence: { type: 'integer', minimum: 0 },
    },
    example: { conversation_id: '019c12f4-8a00-7c1d-9a4b-5e2f6d3c1b0a', sequence: 2 },
    description:
      'The conversation that it was forked from, with its messages up to this `sequence`; null for none.',
  })
  forked_from: { conversation_id: string; sequence: number } | null;

  constructor(conversation: Conversation) {
    super(conversation.version);
    this.id = conversation.id;
    this.topic = conversation.topic;
    this.status = conversation.status;
    this.agent_id = conversation.agentId;
    this.agent_mode = conversation.agentMode;
    this.agent_type = conversation.agentType;
    this.assignment_id = conversation.assignmentId;
    this.user_id = conversation.userId;
    this.tenant_id = conversation.tenantId;
    this.tenant_unit_id = conversation.tenantUnitId;
    this.invoke_from = conversation.invokeFrom;
    this.#inputs = conversation.inputs;
    this.#extendProperties = conversation.extendProperties;
    this.message_count = conversation.messageCount;
    this.external_id = conversation.externalId;
    this.forked_from =
      conversation.forkedFromId === null
        ? null
        : { conversation_id: conversation.forkedFromId, sequence: conversation.forkedFromSequence ?? 0 };
    this.setAuthorship(conversation);
  }

  static from(this: void, conversation: Conversation): ConversationResponse {
    return new ConversationResponse(conversation);
  }

  path(): string {
    return BASE_PATH + conversationPath(this.id);
  }

  toText(): string {
    return jsonWith(this, { inputs: this.#inputs, extend_properties: this.#extendProperties });
  }
}

@ApiSchema({ name: 'ConversationPage' })
export class ConversationPageResponse extends PageResponse {
  readonly #data: readonly ConversationResponse[];

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'Exactly how many items the list has; null behind a cursor.',
  })
  override total_count: number | null;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: '`ceil(total_count / page_size)`; null behind a cursor.',
  })
  override total_pages: number | null;

  @ApiProperty({ type: [ConversationResponse], description: 'The conversations of this page.' })
  get data(): readonly ConversationResponse[] {
    return this.#data;
  }

  @ApiProperty({
    type: String,
    nullable: true,
    example: null,
    description: 'Send it as `cursor` to go on behind this page; null at the end.',
  })
  next_cursor: string | null;

  constructor(page: Page<Conversation>, nextCursor: string | null) {
    super(page);
    this.#data = page.items.map((item) => ConversationResponse.from(item));
    this.next_cursor = nextCursor;
  }

  static from(
    this: void,
    { items, nextCursor, ...page }: ConversationPage,
  ): Promise<JsonBody | StreamableFile> | JsonBody {
    if (!(Symbol.asyncIterator in items)) return new ConversationPageResponse({ ...page, items }, nextCursor);
    const empty = new ConversationPageResponse({ ...page, items: [] }, nextCursor);
    return slicedPage(empty, items, ConversationResponse.from);
  }

  toText(): string {
    return jsonWith(this, { data: jsonArray(this.#data) });
  }
}
