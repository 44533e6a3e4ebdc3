import { type DomainError, ValidationFailed } from '../common/errors/domain-error.js';
import type { ConversationHead } from '../conversations/conversation-head.js';
import type { TenantScope } from '../identity/tenant-scope.js';
import type { Message } from './message.entity.js';
import { MessageExists, SequenceConflict } from './message.errors.js';
import { messageOf, type NewMessage } from './new-message.js';

/** On which conditions messages are appended. */
export interface AppendConditions {
  /** Answer what is there in place of a message whose name is taken. */
  readonly returnsExisting: boolean;
  /** Undefined: behind whichever message is the last. */
  readonly expectedLastSequence: number | undefined;
}

/** Messages that one request appends. */
export interface Append extends AppendConditions {
  readonly scope: TenantScope;
  readonly conversationId: string;
  readonly inputs: readonly NewMessage[];
}

/** What became of an append: the messages of its answer, of which some may have been there, or why there is none. */
export type Outcome =
  | { readonly messages: readonly Message[]; readonly stored: readonly Message[] }
  | { readonly refusal: DomainError };

/** Whether it can be written only by who has looked at the conversation. */
export const isConditional = ({ inputs, expectedLastSequence }: Append): boolean =>
  expectedLastSequence !== undefined || inputs.some(({ externalId }) => externalId !== null);

/** Whether it brings history, with times of its own. */
export const isHistory = ({ inputs }: Append): boolean =>
  inputs.some(({ createdTime }) => createdTime !== undefined);

/** A conversation as its writers see it, while they hold its lock. */
interface Place {
  readonly head: ConversationHead;
  /** The time of what is written now. */
  readonly time: Date;
  /** Messages that have one of the names that the appends give. */
  readonly named?: readonly Message[];
  /** When the last message was created, where history is appended. */
  readonly lastTime?: Date | undefined;
}

/** Decides append by append, in order, what each of them stores behind the ones before it. */
export function decideAll(
  appends: readonly Append[],
  { head, time, named = [], lastTime }: Place,
): Outcome[] {
  const known = new Map(named.map((message) => [message.externalId, message]));
  let last = { sequence: head.messageCount, time: lastTime };
  return appends.map((append) => {
    const taken = append.inputs.flatMap(({ externalId }) => known.get(externalId ?? '') ?? []);
    const [existing] = taken;
    if (existing && !append.returnsExisting) return { refusal: new MessageExists(existing) };
    const isRest = taken.length < append.inputs.length;
    const { expectedLastSequence: expected = last.sequence } = append;
    if (isRest && expected !== last.sequence) return { refusal: new SequenceConflict(last.sequence) };
    const stored: Message[] = [];
    let next = last;
    for (const input of append.inputs) {
      if (known.has(input.externalId ?? '')) continue;
      const created = createdTimeOf(input, time, next.time);
      if (created instanceof ValidationFailed) return { refusal: created };
      next = { sequence: next.sequence + 1, time: created };
      stored.push(messageOf(head, append.scope.principal, next.sequence, input, created));
    }
    last = next;
    for (const message of stored) if (message.externalId !== null) known.set(message.externalId, message);
    const fresh = stored.values();
    const messages = append.inputs.flatMap(({ externalId }) => {
      const message = taken.find((one) => one.externalId === externalId) ?? fresh.next().value;
      return message ?? [];
    });
    return { messages, stored };
  });
}

/** When a message is created: as its history says, but not before the message in front of it. */
export function createdTimeOf(
  { createdTime, pointer }: NewMessage,
  time: Date,
  before: Date | undefined,
): Date | ValidationFailed {
  if (createdTime && before && createdTime < before)
    return new ValidationFailed([
      { detail: 'lies before the message in front of it', pointer: `${pointer}/created_time` },
    ]);
  return createdTime ?? (before && before > time ? before : time);
}
