import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { EVENT_TYPES, type EventType } from '../../events/event-type.js';
import { eventIdOf } from '../../events/event-id.js';
import type { EventPage, FeedEvent } from '../feed.service.js';

/** Whose doing it was. */
@ApiSchema({ name: 'EventActor' })
class EventActorResponse {
  @ApiProperty({
    type: String,
    example: 'ada',
    description: 'The `sub` of the token, or the id of the API key.',
  })
  id: string;

  @ApiProperty({ type: String, nullable: true, example: 'Ada Lovelace', description: 'Its name.' })
  name: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'operator', description: 'Its role.' })
  role: string | null;
}

@ApiSchema({ name: 'Event' })
export class EventResponse {
  @ApiProperty({
    type: String,
    example: '9f2c51e07a-1',
    description: '`<epoch>-<position>`. Positions of a tenant are 1, 2, 3 … without a gap.',
  })
  id: string;

  @ApiProperty({
    enum: EVENT_TYPES,
    enumName: 'EventType',
    example: 'message.created',
    description: 'What happened.',
  })
  type: EventType;

  @ApiProperty({
    type: String,
    format: 'date-time',
    example: '2026-01-31T08:00:00.000Z',
    description: 'When the service wrote it.',
  })
  time: string;

  @ApiProperty({
    type: String,
    format: 'uuid',
    example: '019472f8-1c00-7c3e-8f2a-0123456789ab',
    description: '`id` of the conversation.',
  })
  conversation_id: string;

  @ApiProperty({
    type: String,
    example: '40d39c4b-9585-4123-8fd4-f1cc23a1184c',
    description: 'Tenant of the conversation.',
  })
  tenant_id: string;

  @ApiProperty({ type: String, nullable: true, example: null, description: 'Unit of the conversation.' })
  tenant_unit_id: string | null;

  @ApiProperty({
    type: 'integer',
    minimum: 1,
    example: 1,
    description:
      'Of the conversation after it, for `conversation.*`; of the message for `message.*`. A thing that was read with this version or a later one has it already.',
  })
  version: number;

  @ApiProperty({
    type: Object,
    additionalProperties: true,
    example: { message_id: '019472f8-1c00-7c3e-8f2a-000000000001', sequence: 1, message_from: 'user' },
    description:
      'Ids, numbers and words of enums, never what was said: `status`, `previous_status`, `agent_id`, `forked_from`, `members` (names of what changed), `message_id`, `sequence`, `message_from`, `run_id` and tokens, as they belong to the type.',
  })
  data: object;

  @ApiProperty({ type: EventActorResponse, description: 'Whose doing it was.' })
  actor: EventActorResponse;

  @ApiProperty({
    type: String,
    nullable: true,
    example: '019472f8-1c00-7c3e-8f2a-00000000000f',
    description: '`X-Request-Id` of the request that did it.',
  })
  request_id: string | null;

  static from(this: void, event: FeedEvent): EventResponse {
    const { id, name, role } = event.actor;
    return {
      id: eventIdOf(event),
      type: event.type,
      time: event.time,
      conversation_id: event.conversationId,
      tenant_id: event.tenantId,
      tenant_unit_id: event.tenantUnitId,
      version: event.version,
      data: event.data,
      actor: { id, name, role },
      request_id: event.requestId,
    };
  }
}

@ApiSchema({ name: 'EventPage' })
export class EventPageResponse {
  @ApiProperty({ type: [EventResponse], description: 'The events, in the order of the feed.' })
  data: EventResponse[];

  @ApiProperty({
    type: String,
    example: '9f2c51e07a-1',
    description: 'Send it as `after` to go on; also where everything was filtered away.',
  })
  next_after: string;

  @ApiProperty({ type: Boolean, example: false, description: 'Whether to go on at once.' })
  has_more: boolean;

  static from(this: void, { events, next, hasMore }: EventPage): EventPageResponse {
    return { data: events.map(EventResponse.from), next_after: eventIdOf(next), has_more: hasMore };
  }
}
