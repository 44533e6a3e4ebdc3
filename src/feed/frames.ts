import { EventResponse } from './dto/event.response.js';
import type { FeedEvent } from './feed.service.js';

/** What a stream says (HTML Living Standard, section 9.2). First, how long a client that was cut off waits. */
export const RECONNECT = 'retry: 2000\n\n';

/** A comment. */
export const HEARTBEAT = ':\n\n';

export function frameOf(event: FeedEvent): string {
  const response = EventResponse.from(event);
  return `id: ${response.id}\nevent: ${response.type}\ndata: ${JSON.stringify(response)}\n\n`;
}

/** The last one, where what follows is not known any more. */
export const resetFrame = (earliest: string): string =>
  `event: reset\ndata: ${JSON.stringify({ earliest })}\n\n`;
