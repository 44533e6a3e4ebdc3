import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { EVENT_TYPES } from '../../events/event-type.js';
import type { Attempt } from '../delivery/receiver.js';
import { ATTEMPT_OUTCOMES, type AttemptOutcome, type WebhookAttempt } from '../webhook-attempt.entity.js';
import type { CursorPage } from '../webhooks.service.js';
import { TYPES } from './webhook-fields.js';

const STATUS = {
  type: 'integer',
  nullable: true,
  example: 204,
  description: 'The HTTP status of the answer; null where there was none.',
} as const;
const DURATION = { type: 'integer', minimum: 0, example: 38, description: 'How long it took.' } as const;
const ERROR = {
  type: String,
  nullable: true,
  example: null,
  description: 'Why there was no answer, such as `timeout`, `address_not_allowed` or `ECONNREFUSED`.',
} as const;

@ApiSchema({ name: 'WebhookTest' })
export class WebhookTestResponse {
  @ApiProperty(STATUS) status: number | null;
  @ApiProperty(DURATION) duration_ms: number;
  @ApiProperty(ERROR) error: string | null;

  static from(this: void, { status, durationMs, error }: Attempt): WebhookTestResponse {
    return Object.assign(new WebhookTestResponse(), { status, duration_ms: durationMs, error });
  }
}

@ApiSchema({ name: 'WebhookAttempt' })
class WebhookAttemptResponse {
  @ApiProperty({ type: String, example: '4f1c9a02-17', description: 'Id of the event.' })
  event_id: string;

  @ApiProperty({
    enum: [...EVENT_TYPES],
    enumName: TYPES.name,
    example: 'message.created',
    description: 'Its type.',
  })
  type: string;

  @ApiProperty({ type: 'integer', minimum: 1, example: 1, description: '1 for the first attempt.' })
  attempt: number;

  @ApiProperty({
    type: String,
    format: 'date-time',
    example: '2026-01-31T08:00:00.000Z',
    description: 'When it was made.',
  })
  time: string;

  @ApiProperty(STATUS) status: number | null;
  @ApiProperty(DURATION) duration_ms: number;
  @ApiProperty(ERROR) error: string | null;

  @ApiProperty({
    enum: [...ATTEMPT_OUTCOMES],
    example: 'delivered',
    description:
      '`failed`: it is sent again, unless this attempt disabled the webhook (410). `given_up`: it is not, unless it is replayed.',
  })
  outcome: AttemptOutcome;

  static from(this: void, attempt: WebhookAttempt): WebhookAttemptResponse {
    return Object.assign(new WebhookAttemptResponse(), {
      event_id: attempt.eventId,
      type: attempt.type,
      attempt: attempt.attempt,
      time: attempt.time.toISOString(),
      status: attempt.status,
      duration_ms: attempt.durationMs,
      error: attempt.error,
      outcome: attempt.outcome,
    });
  }
}

@ApiSchema({ name: 'WebhookAttemptPage' })
export class WebhookAttemptPageResponse {
  @ApiProperty({ type: [WebhookAttemptResponse], description: 'The attempts of this page, newest first.' })
  data: WebhookAttemptResponse[];

  @ApiProperty({
    type: String,
    nullable: true,
    example: null,
    description: 'Send it as `cursor` to go on behind this page; null at the end. Attempts are kept 30 days.',
  })
  next_cursor: string | null;

  static from(this: void, { items, nextCursor }: CursorPage<WebhookAttempt>): WebhookAttemptPageResponse {
    return Object.assign(new WebhookAttemptPageResponse(), {
      data: items.map((item) => WebhookAttemptResponse.from(item)),
      next_cursor: nextCursor,
    });
  }
}
