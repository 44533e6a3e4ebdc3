import { describe, expect, it } from '@jest/globals';
import { isThrough, type Sent, type Work } from './turn-outcome.js';
import { WebhookLane } from './webhook-lane.entity.js';

const lane: WebhookLane = { ...new WebhookLane(), replayPosition: 0, replayEnd: 0 };
const event = {
  epoch: '0000000000',
  position: 1,
  type: 'conversation.created',
  time: '2026-01-31T08:00:00.000Z',
  conversationId: 'conversation',
  tenantId: 'acme',
  tenantUnitId: null,
  version: 1,
  actor: { id: 'ada', name: null, role: null },
  requestId: null,
  data: {},
} as const;
const delivery = { event, attempts: 0, from: 'feed' } as const;
const answered = (status: number): Sent => ({
  ...delivery,
  attempt: { status, error: null, durationMs: 1, retryAfterMs: 0 },
  time: new Date(),
});
const work = (change: Partial<Work> = {}): Work => ({
  deliveries: [delivery],
  position: 1,
  replayPosition: 0,
  readAt: performance.now(),
  hasMore: false,
  nextRetryTime: null,
  lost: [],
  ...change,
});

describe('a lane', () => {
  it('is through when all that there was is delivered', () => {
    expect(isThrough(lane, work(), [answered(204)])).toBe(true);
    expect(isThrough(lane, work({ deliveries: [] }), [])).toBe(true);
  });

  it.each<[string, WebhookLane, Work, Sent[]]>([
    ['nothing was sent yet', lane, work(), []],
    ['the receiver failed', lane, work(), [answered(500)]],
    ['there is more than was read', lane, work({ hasMore: true }), [answered(204)]],
    ['a replay is under way', { ...lane, replayEnd: 7 }, work({ replayPosition: 3 }), [answered(204)]],
    ['it was read long ago', lane, work({ readAt: performance.now() - 6_000 }), [answered(204)]],
  ])('is not through when %s', (_, before, done, sent) => {
    expect(isThrough(before, done, sent)).toBe(false);
  });
});
