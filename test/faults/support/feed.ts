import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, send } from './client.js';

interface FeedEvent {
  id: string;
  type: string;
  time: string;
  conversation_id: string;
  version: number;
  data: Record<string, unknown>;
  request_id: string | null;
}

/** What a feed tells of a conversation. Of each message: its sequence, id and version, and whether it is redacted. */
interface Copy {
  status: unknown;
  messageCount: number;
  messages: { sequence: number; id: string; version: number; isRedacted: boolean }[];
  /** Of the conversation when it was read; undefined where all is known from its events. */
  version?: number;
}
type Copies = ReadonlyMap<string, Copy>;

const PAUSE_MS = 50;
const LAST_WAIT_SECONDS = 5;

/** Reads the feed of a tenant until it is stopped, from one replica after the other. */
export class Follower {
  readonly events: FeedEvent[] = [];
  readonly unexpected: string[] = [];
  #isStopped = false;
  readonly #running: Promise<void>;

  constructor(
    private readonly tenant: string,
    private readonly serviceUrls: () => readonly string[],
    private after = 'earliest',
    /** Longer than it takes until another replica publishes in the place of one that died. */
    private readonly quietSeconds = 5,
  ) {
    this.#running = this.#follow();
  }

  /** Resolves when nothing has come for a while. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  async #follow(): Promise<void> {
    let quietSince = performance.now();
    for (let request = 0; ; request++) {
      const urls = this.serviceUrls();
      const isLast = this.#isStopped;
      const path = `/events?tenant_id=${this.tenant}&after=${this.after}&limit=500&wait=${isLast ? LAST_WAIT_SECONDS : 1}`;
      const answer = await send(urls[request % urls.length] ?? '', 'GET', path).catch(() => undefined);
      if (answer?.status === 200) {
        const { data, next_after, has_more } = answer.body;
        this.events.push(...data);
        this.after = next_after;
        if (!isLast || data.length > 0 || has_more) quietSince = performance.now();
        else if (performance.now() - quietSince > this.quietSeconds * 1000) return;
      } else if (answer && answer.status !== 503) {
        this.unexpected.push(`${answer.status} ${answer.text}`);
        return;
      } else await sleep(PAUSE_MS);
    }
  }
}

/** All events of a feed that are there. */
export async function readFeed(serviceUrl: string, tenant: string, start = 'earliest'): Promise<FeedEvent[]> {
  const events: FeedEvent[] = [];
  for (let after = start; ;) {
    const { body } = await send(serviceUrl, 'GET', `/events?tenant_id=${tenant}&after=${after}&limit=1000`);
    events.push(...body.data);
    after = body.next_after;
    if (!body.has_more) return events;
  }
}

/** The events of a feed, read from its beginning, that do not stand where they must. */
export function disorderIn(events: readonly FeedEvent[]): string[] {
  const disorder: string[] = [];
  /** The last version of each conversation and message; the last sequence of each conversation. */
  const versions = new Map<string, number>();
  const sequences = new Map<string, number>();
  const gone = new Set<string>();
  for (const [index, { id, type, conversation_id, version, data }] of events.entries()) {
    const isOfMessage = type.startsWith('message.');
    const key = isOfMessage ? String(data['message_id']) : conversation_id;
    const before = versions.get(key) ?? 0;
    const isCreation = type.endsWith('.created');
    const isInPlace =
      Number(id.split('-')[1]) === index + 1 &&
      version > before &&
      isCreation === (before === 0) &&
      (isOfMessage ? versions.has(conversation_id) : !gone.has(conversation_id));
    const sequence = (sequences.get(conversation_id) ?? 0) + 1;
    const isNext =
      type !== 'message.created' || (data['sequence'] === sequence && !gone.has(conversation_id));
    if (!isInPlace || !isNext) disorder.push(`${id} ${type}`);
    versions.set(key, version);
    if (type === 'message.created') sequences.set(conversation_id, sequence);
    if (type === 'conversation.deleted') gone.add(conversation_id);
  }
  return disorder;
}

/** What there is, as events tell it that follow what was read (docs/events.md, "Copy a tenant"). */
export function foldOf(events: readonly FeedEvent[], start: Copies = new Map()): Copies {
  const copies = new Map([...start].map(([id, copy]) => [id, { ...copy, messages: [...copy.messages] }]));
  for (const { type, conversation_id: id, version, data } of events) {
    if (type === 'conversation.created' && !copies.has(id))
      copies.set(id, { status: data['status'], messageCount: 0, messages: [] });
    if (type === 'conversation.deleted') copies.delete(id);
    const copy = copies.get(id);
    // Of a message, something may be told behind the end of its conversation.
    if (!copy) continue;
    if (type === 'conversation.status_changed' && version > (copy.version ?? 0)) copy.status = data['status'];
    if (!type.startsWith('message.')) continue;
    const sequence = Number(data['sequence']);
    if (version > (copy.messages[sequence - 1]?.version ?? 0))
      copy.messages[sequence - 1] = {
        sequence,
        id: String(data['message_id']),
        version,
        isRedacted: type === 'message.redacted',
      };
    copy.messageCount = copy.messages.length;
  }
  return copies;
}

/** What there is, by the lists. */
export async function copiesOf(serviceUrl: string, tenant: string): Promise<Copies> {
  const copies = new Map<string, Copy>();
  for (let cursor: string | null = ''; cursor !== null;) {
    const path = `/conversations?tenant_id=${tenant}&page_size=200&cursor=${encodeURIComponent(cursor)}`;
    const { body }: Answer = await send(serviceUrl, 'GET', path);
    for (const { id, status, message_count, version } of body.data) {
      const messages = await messagesOf(serviceUrl, tenant, id);
      copies.set(id, { status, messageCount: message_count, version, messages });
    }
    cursor = body.next_cursor;
  }
  return copies;
}

/** None of a conversation that is deleted meanwhile. */
async function messagesOf(
  serviceUrl: string,
  tenant: string,
  conversationId: string,
): Promise<Copy['messages']> {
  const messages: Copy['messages'] = [];
  for (;;) {
    const after = messages.at(-1)?.sequence ?? 0;
    const path = `/conversations/${conversationId}/messages?tenant_id=${tenant}&after_sequence=${after}&page_size=200`;
    const { status, body } = await send(serviceUrl, 'GET', path);
    if (status === 404) return [];
    for (const { sequence, id, version, redacted_time } of body.data)
      messages.push({ sequence, id, version, isRedacted: redacted_time !== null });
    if (!body.has_next_page) return messages;
  }
}

/** The ids of conversations of which two say different things. */
export const differencesOf = (one: Copies, other: Copies): string[] =>
  [...new Set([...one.keys(), ...other.keys()])].filter(
    (id) => textOf(one.get(id)) !== textOf(other.get(id)),
  );

const textOf = (copy: Copy | undefined): string =>
  JSON.stringify(copy && [copy.status, copy.messageCount, copy.messages]);
