import type { StreamDocs } from '../api/operation-docs.js';
import type { FeedEvent } from './feed.service.js';
import { frameOf, HEARTBEAT, RECONNECT, resetFrame } from './frames.js';

const EVENT: FeedEvent = {
  epoch: '9f2c51e07a',
  position: 1,
  type: 'message.created',
  time: '2026-01-31T08:00:00.000Z',
  conversationId: '019472f8-1c00-7c3e-8f2a-0123456789ab',
  tenantId: '40d39c4b-9585-4123-8fd4-f1cc23a1184c',
  tenantUnitId: null,
  version: 1,
  data: { message_id: '019472f8-1c00-7c3e-8f2a-000000000001', sequence: 1, message_from: 'user' },
  actor: { id: 'ada', name: 'Ada Lovelace', role: 'operator' },
  requestId: '019472f8-1c00-7c3e-8f2a-00000000000f',
};

/** The feed as a stream, in the document. */
export const EVENT_STREAM: StreamDocs = {
  type: 'text/event-stream',
  examples: {
    events: {
      summary: 'What happened before first, then what happens; a comment every 15 s',
      value: RECONNECT + frameOf(EVENT) + HEARTBEAT,
    },
    reset: {
      summary: 'The events that would follow are not kept any more; it ends',
      value: RECONNECT + resetFrame('9f2c51e07a-0'),
    },
  },
};
