import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { jsonArray, JsonBody, jsonWith } from '../../common/json/json-body.js';
import { EVENT_TYPES, type EventType } from '../../events/event-type.js';
import { BASE_PATH, Resource } from '../../http/resource.js';
import { DISABLED_REASONS, type DisabledReason, typesIn, type Webhook } from '../webhook.entity.js';
import type { CursorPage, WithSecret } from '../webhooks.service.js';
import { DESCRIPTION, TYPES, URL_FIELD } from './webhook-fields.js';

const TEXT_OR_NULL = { type: String, nullable: true } as const;
const TIME = { type: String, format: 'date-time', example: '2026-01-31T08:00:00.000Z' } as const;
const NEXT_CURSOR = {
  ...TEXT_OR_NULL,
  example: null,
  description: 'Send it as `cursor` to go on behind this page; null at the end.',
};

@ApiSchema({ name: 'Webhook' })
export class WebhookResponse extends Resource {
  @ApiProperty({
    type: String,
    format: 'uuid',
    example: '019c12f4-8a00-7c1d-9a4b-5e2f6d3c1b0a',
    description: 'UUIDv7 made by the service.',
  })
  id: string;

  @ApiProperty({ type: String, example: URL_FIELD.example, description: 'Where events are sent.' })
  url: string;

  @ApiProperty({ ...TEXT_OR_NULL, example: DESCRIPTION.example, description: DESCRIPTION.description })
  description: string | null;

  @ApiProperty({
    enum: [...EVENT_TYPES],
    enumName: TYPES.name,
    isArray: true,
    nullable: true,
    example: TYPES.example,
    description: TYPES.description,
  })
  types: EventType[] | null;

  @ApiProperty({ type: Boolean, example: true, description: 'Whether events are sent.' })
  enabled: boolean;

  @ApiProperty({
    enum: [...DISABLED_REASONS],
    enumName: 'DisabledReason',
    enumSchema: { description: 'Why a webhook is sent nothing.' },
    nullable: true,
    example: null,
    description:
      'Why nothing is sent: `requested` by a change, `gone` because the receiver answered 410, `failing` for five days without a success. Null while it is enabled.',
  })
  disabled_reason: DisabledReason | null;

  @ApiProperty({
    type: String,
    example: '40d39c4b-9585-4123-8fd4-f1cc23a1184c',
    description: 'The tenant it belongs to.',
  })
  tenant_id: string;

  @ApiProperty({
    ...TEXT_OR_NULL,
    example: null,
    description: 'The unit whose events it gets; null for those of all units.',
  })
  tenant_unit_id: string | null;

  @ApiProperty({ ...TIME, description: 'When it was created.' })
  created_time: string;

  @ApiProperty({ ...TIME, description: 'When it was last changed.' })
  updated_time: string;

  @ApiProperty({ ...TEXT_OR_NULL, example: 'ada', description: 'Id of who created it.' })
  created_by: string | null;

  @ApiProperty({ type: 'integer', minimum: 1, example: 1, description: 'Grows with every change.' })
  version: number;

  constructor(webhook: Webhook) {
    super(webhook.version);
    this.id = webhook.id;
    this.url = webhook.url;
    this.description = webhook.description;
    this.types = typesIn(webhook.types) ?? null;
    this.enabled = webhook.disabledReason === null;
    this.disabled_reason = webhook.disabledReason;
    this.tenant_id = webhook.tenantId;
    this.tenant_unit_id = webhook.tenantUnitId;
    this.created_time = webhook.createdTime;
    this.updated_time = webhook.updatedTime;
    this.created_by = webhook.createdBy;
    this.version = webhook.version;
  }

  static from(this: void, webhook: Webhook): WebhookResponse {
    return new WebhookResponse(webhook);
  }

  path(): string {
    return `${BASE_PATH}/webhooks/${this.id}`;
  }

  toText(): string {
    return JSON.stringify(this);
  }
}

@ApiSchema({ name: 'WebhookWithSecret' })
export class WebhookWithSecretResponse extends WebhookResponse {
  @ApiProperty({
    ...TEXT_OR_NULL,
    example: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=',
    description:
      'What deliveries are signed with. It is shown only now: null where the answer is repeated under an Idempotency-Key.',
  })
  secret: string | null;

  constructor({ webhook, secret }: WithSecret) {
    super(webhook);
    this.secret = secret;
  }

  static fromNew(this: void, created: WithSecret): WebhookWithSecretResponse {
    return new WebhookWithSecretResponse(created);
  }
}

@ApiSchema({ name: 'WebhookSecret' })
export class WebhookSecretResponse {
  @ApiProperty({
    ...TEXT_OR_NULL,
    example: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=',
    description:
      'The new secret. It is shown only now: null where the answer is repeated under an Idempotency-Key.',
  })
  secret: string | null;

  static from(this: void, secret: string | null): WebhookSecretResponse {
    return Object.assign(new WebhookSecretResponse(), { secret });
  }
}

@ApiSchema({ name: 'WebhookPage' })
export class WebhookPageResponse extends JsonBody {
  readonly #data: readonly WebhookResponse[];

  @ApiProperty({ type: [WebhookResponse], description: 'The webhooks of this page, oldest first.' })
  get data(): readonly WebhookResponse[] {
    return this.#data;
  }

  @ApiProperty(NEXT_CURSOR)
  next_cursor: string | null;

  constructor({ items, nextCursor }: CursorPage<Webhook>) {
    super();
    this.#data = items.map((item) => WebhookResponse.from(item));
    this.next_cursor = nextCursor;
  }

  static from(this: void, page: CursorPage<Webhook>): WebhookPageResponse {
    return new WebhookPageResponse(page);
  }

  toText(): string {
    return jsonWith(this, { data: jsonArray(this.#data) });
  }
}
