import type { OpenAPIObject } from '@nestjs/swagger';
import { EVENT_TYPES, type EventType } from './events/event-type.js';

const CONVERSATION = '019472f8-1c00-7c3e-8f2a-0123456789ab';
const MESSAGE = '019472f8-1c00-7c3e-8f2a-000000000001';
const TIME = '2026-01-31T08:00:00.000Z';

/** What each type of event says of itself. */
const EXAMPLES: Readonly<Record<EventType, { summary: string; version: number; data: object }>> = {
  'conversation.created': {
    summary: 'A conversation was created, or forked',
    version: 1,
    data: { status: 'running', agent_id: 'concierge', forked_from: null },
  },
  'conversation.updated': {
    summary: 'Its topic or its properties were changed',
    version: 2,
    data: { members: ['topic'] },
  },
  'conversation.status_changed': {
    summary: 'Its status was changed',
    version: 3,
    data: { status: 'completed', previous_status: 'running' },
  },
  'conversation.deleted': { summary: 'It was deleted', version: 4, data: {} },
  'message.created': {
    summary: 'A message was appended',
    version: 1,
    data: {
      message_id: MESSAGE,
      sequence: 1,
      message_from: 'agent',
      agent_id: 'concierge',
      run_id: 'run-17',
      input_tokens: 512,
      answer_tokens: 128,
      total_tokens: 640,
    },
  },
  'message.updated': {
    summary: 'Its feedback, its metadata or its hiding was changed',
    version: 2,
    data: { message_id: MESSAGE, sequence: 1 },
  },
  'message.redacted': {
    summary: 'What it said was taken away',
    version: 3,
    data: { message_id: MESSAGE, sequence: 1 },
  },
};

const HEADERS = {
  'webhook-id': 'Id of the event, the same each time that it is sent.',
  'webhook-timestamp': 'When this attempt was made, in seconds since 1970.',
  'webhook-signature':
    '`v1,` and the HMAC-SHA256 in base64 of `<webhook-id>.<webhook-timestamp>.<body>`; after a rotation two of them, with a blank between.',
};

/** The deliveries of each type of event, for `webhooks` of an OpenAPI 3.1 document that has the schema Event. */
export function webhooksOfDocument(): NonNullable<OpenAPIObject['webhooks']> {
  return Object.fromEntries(
    EVENT_TYPES.map((type, index) => [type, { post: deliveryOf(type, index + 1) }] as const),
  );
}

function deliveryOf(type: EventType, position: number) {
  const { summary, version, data } = EXAMPLES[type];
  const event = {
    id: `9f2c51e07a-${position}`,
    type,
    time: TIME,
    conversation_id: CONVERSATION,
    tenant_id: '40d39c4b-9585-4123-8fd4-f1cc23a1184c',
    tenant_unit_id: null,
    version,
    data,
    actor: { id: 'ada', name: 'Ada Lovelace', role: 'operator' },
    request_id: '019472f8-1c00-7c3e-8f2a-00000000000f',
  };
  return {
    operationId: `on_${type.replace('.', '_')}`,
    summary,
    description: 'A delivery, signed by Standard Webhooks 1.0.0. It may come more than once.',
    tags: ['Webhooks'],
    // Whoever is sent it asks for no credential of ours: the signature says who sent it.
    security: [],
    parameters: Object.entries(HEADERS).map(([name, description]) => ({
      name,
      in: 'header' as const,
      required: true,
      description,
      schema: { type: 'string' },
    })),
    requestBody: {
      required: true,
      content: {
        'application/json': {
          schema: {
            type: 'object',
            required: ['type', 'timestamp', 'data'],
            properties: {
              type: { type: 'string', enum: [type], description: 'What happened.' },
              timestamp: { type: 'string', format: 'date-time', description: 'When it happened.' },
              data: { $ref: '#/components/schemas/Event' },
            },
          },
          examples: { event: { summary, value: { type, timestamp: TIME, data: event } } },
        },
      },
    },
    responses: {
      '2XX': { description: 'Taken. Everything else, a redirect too, is a failure: it is sent again.' },
      '410': { description: 'Nobody wants it any more: the webhook is disabled.' },
    },
  };
}
