import { type Colloquy, ConflictError, type ListMessagesQuery, type Message } from '@colloquy/client';
import { Unreadable } from '../formats/draft.js';
import { isList, isObject, isRaw } from '../json.js';
import { patiently } from '../service.js';
import { batchesOf } from './batches.js';
import type { MessageBody, NewConversation, NewMessage } from './fit.js';

interface Stored {
  /** How many messages were stored now; 0 for a conversation that was there already. */
  messages: number;
  isNew: boolean;
}

/** How often somebody else may append to the same conversation meanwhile. */
const MAX_CONFLICTS = 5;

/** Names and sequences make each write here one that can be sent again: the service need not remember that it was done. */
const REPEATABLE = { idempotencyKey: null };

/**
 * Stores a conversation, or what of it is not there yet: the messages that are there must be the beginning of these.
 * Throws Unreadable where they are others.
 */
export async function store(
  service: Colloquy,
  { body, unitId, messages }: NewConversation,
  signal?: AbortSignal,
): Promise<Stored> {
  const [first = []] = batchesOf(messages);
  const { data: conversation, status } = await patiently(
    () =>
      service.conversations
        .create(
          { ...body, messages: first.map((message) => message.body) },
          { ...REPEATABLE, ...(unitId !== undefined && { tenantUnitId: unitId }) },
        )
        .withResponse(),
    signal,
  );
  const isNew = status === 201;
  let there = isNew ? first.length : await countSame(service, conversation.id, messages, signal);
  const before = isNew ? 0 : there;
  for (let conflicts = 0; there < messages.length;) {
    try {
      for (const batch of batchesOf(messages.slice(there))) {
        await append(service, conversation.id, batch, there, signal);
        there += batch.length;
      }
    } catch (error) {
      if (
        !(error instanceof ConflictError) ||
        error.code !== 'sequence_conflict' ||
        conflicts === MAX_CONFLICTS
      )
        throw error;
      conflicts += 1;
      there = await countSame(service, conversation.id, messages, signal);
    }
  }
  await redact(service, conversation.id, messages, signal);
  return { messages: there - before, isNew };
}

async function append(
  service: Colloquy,
  id: string,
  batch: readonly NewMessage[],
  after: number,
  signal?: AbortSignal,
) {
  const body = { messages: batch.map((message) => message.body), expected_last_sequence: after };
  await patiently(
    () => service.conversations.messages.appendAll(id, body, REPEATABLE).withResponse(),
    signal,
  );
}

/** How many of the messages are there already. Throws Unreadable when others are. */
async function countSame(
  service: Colloquy,
  id: string,
  messages: readonly NewMessage[],
  signal?: AbortSignal,
): Promise<number> {
  for (let there = 0; ;) {
    const after = there;
    const query = { after_sequence: after, page_size: 100, omit: ['metadata'] } satisfies ListMessagesQuery;
    const page = await patiently(() => service.conversations.messages.list(id, query).withResponse(), signal);
    for (const message of page.data.data) {
      const own = messages[there];
      // There may be more than in the file: somebody has talked on.
      if (!own) return there;
      if (!isSame(own.body, message))
        throw new Unreadable(`conversation ${id} is there with another message ${there + 1}`);
      there += 1;
    }
    if (page.data.data.length === 0 || !page.data.has_next_page) return there;
  }
}

function isSame(own: MessageBody, { message_from, content, ...others }: Message): boolean {
  if ('redacted_time' in others && others.redacted_time !== null) return true;
  const parts: unknown = 'parts' in others ? others.parts : null;
  return own.message_from === message_from && own.content === content && isSameJson(own.parts, parts);
}

/** By value: one side may hold a number as it was written. */
function isSameJson(one: unknown, other: unknown): boolean {
  if (isList(one))
    return (
      isList(other) &&
      one.length === other.length &&
      one.every((element, index) => isSameJson(element, other[index]))
    );
  if (isObject(one)) {
    const names = Object.keys(one);
    return (
      isObject(other) &&
      names.length === Object.keys(other).length &&
      names.every((name) => Object.hasOwn(other, name) && isSameJson(one[name], other[name]))
    );
  }
  return isRaw(one) ? Number(JSON.stringify(one)) === other : one === other;
}

/** Empties what was empty in Colloquy. Done again, it changes nothing. */
async function redact(
  service: Colloquy,
  id: string,
  messages: readonly NewMessage[],
  signal?: AbortSignal,
): Promise<void> {
  for (const [index, { redacted }] of messages.entries()) {
    if (!redacted) continue;
    const { data } = await patiently(
      () => service.conversations.messages.list(id, { after_sequence: index, page_size: 1 }).withResponse(),
      signal,
    ).then((answer) => answer.data);
    const [message] = data;
    if (message) await patiently(() => service.conversations.messages.redact(id, message.id), signal);
  }
}
