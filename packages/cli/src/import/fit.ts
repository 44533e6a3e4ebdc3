import { createHash } from 'node:crypto';
import type { ConversationDraft, MessageDraft } from '../formats/draft.js';
import { Unreadable } from '../formats/draft.js';
import { isObject, type JsonObject, measure } from '../json.js';
import { limits } from './limits.js';
import { faultOfObject, fitSize, type Oversize, stripObject } from './oversize.js';

/** Times as text, and nothing that only a file knows. */
type Wire<Draft> = Omit<
  Draft,
  'created_time' | 'requested_time' | 'redacted' | 'messages' | 'branches' | 'id' | 'tenant_unit_id'
> & {
  created_time?: string | undefined;
};
export type MessageBody = Wire<MessageDraft> & { requested_time?: string | undefined };
type ConversationBody = Wire<ConversationDraft> & { external_id: string; if_exists: 'return' };

/** A message as an append takes it, and what it costs to send. */
export interface NewMessage {
  body: MessageBody;
  bytes: number;
  values: number;
  redacted: boolean;
}

/** A conversation as a create takes it, but for its messages. */
export interface NewConversation {
  externalId: string;
  unitId: string | undefined;
  body: ConversationBody;
  messages: NewMessage[];
}

export interface FitOptions {
  oversize: Oversize;
  agentId?: string | undefined;
  userId?: string | undefined;
  /** Instead of the units that files name. */
  unitId?: string | undefined;
}

/** Makes what the API takes of what a file says. Throws Unreadable when that cannot be. */
export function fit(draft: ConversationDraft, externalId: string, options: FitOptions): NewConversation {
  const timed = withTimes(draft, Date.now());
  const messages = timed.messages.flatMap((message, index) =>
    fitSize(cleaned(message), options.oversize, `message ${index + 1}`),
  );
  const names = new Set<string>();
  const { inputs, properties } = fitObjects(draft, options.oversize);
  return {
    externalId,
    unitId: options.unitId ?? draft.tenant_unit_id,
    body: wellFormed({
      external_id: externalId,
      if_exists: 'return',
      topic: topicOf(draft),
      status: draft.status ?? 'completed',
      agent_id: draft.agent_id ?? options.agentId,
      user_id: draft.user_id ?? options.userId ?? null,
      assignment_id: draft.assignment_id,
      agent_mode: draft.agent_mode,
      agent_type: draft.agent_type,
      invoke_from: draft.invoke_from,
      inputs,
      extend_properties: properties,
      created_time: toText(timed.created),
    }),
    messages: messages.map((message) => toNewMessage(message, names)),
  };
}

const toText = (time: number | undefined) => (time === undefined ? undefined : new Date(time).toISOString());

function toNewMessage(draft: MessageDraft, names: Set<string>): NewMessage {
  const { external_id: name, created_time: created, requested_time: requested, redacted, ...others } = draft;
  const isTaken = name !== undefined && names.has(name);
  if (name !== undefined) names.add(name);
  const metadata = isTaken ? { ...draft.metadata, external_id: name } : draft.metadata;
  const body = wellFormed({
    ...others,
    ...(!isTaken && { external_id: name }),
    metadata,
    created_time: toText(created),
    requested_time: requested === created ? undefined : toText(requested),
  });
  return {
    body,
    bytes: Buffer.byteLength(JSON.stringify(body)),
    values: measure(body).values,
    redacted: redacted === true,
  };
}

/** Messages after each other, not in the future, and each with a time if one has: the API takes no other. */
function withTimes(
  draft: ConversationDraft,
  now: number,
): { created: number | undefined; messages: MessageDraft[] } {
  const own = ({ created_time: created, requested_time: requested }: MessageDraft) => created ?? requested;
  const first = draft.messages.map(own).find((time) => time !== undefined);
  const created = draft.created_time ?? first;
  if (created === undefined) return { created: undefined, messages: draft.messages };
  let last = Math.min(first ?? created, draft.created_time ?? created);
  const messages = draft.messages.map((message) => {
    const time = own(message);
    last = Math.min(Math.max(last, time ?? last), now);
    return { ...message, created_time: last, requested_time: message.requested_time ?? time };
  });
  return { created: Math.min(created, now), messages };
}

/** The content takes no NUL; where it had one, the parts keep it. */
function cleaned(message: MessageDraft): MessageDraft {
  if (!message.content.includes('\0')) return message;
  return {
    ...message,
    content: message.content.replaceAll('\0', '\ufffd'),
    parts: message.parts ?? [{ type: 'text', text: message.content }],
  };
}

/** The title, else the first words of the user. One that is cut stays whole among the properties. */
function topicOf({ topic, messages }: ConversationDraft): string | undefined {
  const words =
    topic ??
    messages
      .find(({ message_from: from, content }) => from === 'user' && content.trim() !== '')
      ?.content.trim();
  return words === undefined ? undefined : shorten(words.replaceAll('\0', '\ufffd')) || undefined;
}

/** Cuts between code points, never inside one. */
function shorten(text: string): string {
  return Array.from(text.slice(0, 2 * limits.topicCharacters))
    .slice(0, limits.topicCharacters)
    .join('');
}

function fitObjects({ inputs, extend_properties: properties }: ConversationDraft, oversize: Oversize) {
  const fault = faultOfObject(properties, 'extend_properties') ?? faultOfObject(inputs ?? {}, 'inputs');
  if (!fault) return { inputs, properties };
  if (oversize !== 'strip') throw new Unreadable(fault);
  const stripped: JsonObject[] = [];
  const left = stripObject(properties, stripped, 'extend_properties');
  return {
    inputs: inputs && stripObject(inputs, stripped, 'inputs'),
    properties: { ...left, import: { stripped: stripped.slice(0, 100) } },
  };
}

/** Half of a surrogate pair as JSON.stringify writes it, or another escape. */
const ESCAPES = /\\(u[0-9a-f]{4}|.)/g;

/** Replaces halves of surrogate pairs, which no text in UTF-8 can hold. */
function wellFormed<Body extends object>(body: Body): Body {
  const text = JSON.stringify(body);
  if (!text.includes('\\ud')) return body;
  const mended = text.replace(ESCAPES, (escape) => (/^\\ud[89a-f]/.test(escape) ? '\\ufffd' : escape));
  if (mended === text) return body;
  return mend(body);
}

function mend<Value>(value: Value): Value;
function mend(value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed();
  if (Array.isArray(value)) return value.map((element: unknown) => mend(element));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name.toWellFormed(), mend(member)]),
  );
}

const NAME = /^[\x21-\x7e]{1,255}$/;

/** Gives each conversation of a file its name in the service. */
export class Names {
  readonly #seen = new Map<string, number>();

  /**
   * Its own for Colloquy's; else `<format>:<id>`, or `<format>:sha256-…` where that does not fit or there is none: then of
   * what was said, and how often the same came before in the file. `branch` ends the name of a way that was not shown.
   */
  nameOf(draft: ConversationDraft, format: string, branch?: string): string {
    if (draft.external_id !== undefined && branch === undefined) return draft.external_id;
    const id = draft.external_id ?? draft.id;
    const name = `${format}:${[id, branch].filter((part) => part !== undefined).join('/')}`;
    if (id !== undefined && NAME.test(name)) return name;
    return `${format}:sha256-${id === undefined ? this.#hashOf(draft.messages) : hash(name)}`;
  }

  #hashOf(messages: readonly MessageDraft[]): string {
    const said = hash(
      JSON.stringify(messages.map(({ message_from, content, parts }) => [message_from, content, parts])),
    );
    const before = this.#seen.get(said) ?? 0;
    this.#seen.set(said, before + 1);
    return before === 0 ? said : hash(`${said} ${before}`);
  }
}

const hash = (text: string) => createHash('sha256').update(text).digest('hex');
