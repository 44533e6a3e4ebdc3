import { expect } from '@jest/globals';
/** What a plain reader of the contract expects a tenant to have. Times, ids and tags are learned from the answers. */
export interface ModelledConversation {
  /** As it is answered. */
  body: Body;
  messages: ModelledMessage[];
  tags: Tags;
}

interface ModelledMessage {
  body: Body;
  tags: Tags;
}

export type Body = Record<string, unknown> & { id: string; updated_time: string };

/** Who acts, and for which unit of the tenant. */
export interface Actor {
  sub: string;
  unit: string | null;
}

/** The entity tags of one thing: the current one, once it was seen, and those that it had before. */
export class Tags {
  current: string | undefined;
  readonly #former = new Set<string>();

  /** Another representation has another tag. */
  change(): void {
    if (this.current !== undefined) this.#former.add(this.current);
    this.current = undefined;
  }

  /** Whether a tag in an answer can be that of the current representation. */
  accept(tag: string | undefined): boolean {
    if (tag === undefined || this.#former.has(tag)) return false;
    this.current ??= tag;
    return this.current === tag;
  }

  get stale(): string {
    return [...this.#former].at(-1) ?? '"0"';
  }
}

interface ListFilter {
  status: string | undefined;
  user_id: string | undefined;
  agent_id: string | undefined;
  assignment_id: string | undefined;
}

export class TenantModel {
  readonly conversations = new Map<string, ModelledConversation>();

  constructor(readonly tenant: string) {}

  find(id: string, { unit }: Actor): ModelledConversation | undefined {
    const found = this.conversations.get(id);
    return found && (unit === null || found.body['tenant_unit_id'] === unit) ? found : undefined;
  }

  create(
    sent: Record<string, unknown>,
    actor: Actor,
    { id, created_time }: Record<string, string>,
  ): ModelledConversation {
    const created = {
      body: {
        topic: 'New Conversation',
        agent_id: null,
        agent_mode: null,
        agent_type: null,
        assignment_id: null,
        user_id: actor.sub,
        invoke_from: null,
        inputs: {},
        extend_properties: {},
        ...sent,
        status: sent['status'] ?? 'running',
        id: String(id),
        external_id: null,
        forked_from: null,
        version: expect.any(Number),
        tenant_id: this.tenant,
        tenant_unit_id: actor.unit,
        message_count: 0,
        ...authored(actor, String(created_time)),
      },
      messages: [],
      tags: new Tags(),
    };
    this.conversations.set(created.body.id, created);
    return created;
  }

  /** Appends one message to a conversation. */
  append(
    { body, messages, tags }: ModelledConversation,
    sent: Record<string, unknown>,
    actor: Actor,
    { id, created_time }: Record<string, string>,
  ): ModelledMessage {
    const { input_tokens = 0, answer_tokens = 0 } = sent;
    const time = String(created_time);
    const message = {
      body: {
        run_id: null,
        agent_id: body['agent_id'],
        user_id: body['user_id'],
        requested_time: time,
        input_tokens,
        answer_tokens,
        total_tokens: Number(input_tokens) + Number(answer_tokens),
        feedback: null,
        metadata: {},
        parts: null,
        external_id: null,
        hidden: false,
        redacted_time: null,
        version: expect.any(Number),
        ...sent,
        id: String(id),
        conversation_id: body.id,
        sequence: messages.length + 1,
        tenant_id: this.tenant,
        tenant_unit_id: body['tenant_unit_id'],
        ...authored(actor, time),
      },
      tags: new Tags(),
    };
    messages.push(message);
    body['message_count'] = messages.length;
    touch(body, actor, time);
    tags.change();
    return message;
  }

  /** Sets properties of a conversation or a message; `time` is when. Setting what it has changes nothing. */
  change({ body, tags }: ModelledMessage, sent: Record<string, unknown>, actor: Actor, time: string): void {
    const changed = Object.entries(sent).filter(
      ([name, value]) => JSON.stringify(body[name]) !== JSON.stringify(value),
    );
    if (changed.length === 0) return;
    Object.assign(body, Object.fromEntries(changed));
    touch(body, actor, time);
    tags.change();
  }

  /** The whole list, in its order. */
  list(actor: Actor, order: string, filter: ListFilter): Body[] {
    const newestFirst = [...this.conversations.values()]
      .map(({ body }) => body)
      .filter((body) => this.find(body.id, actor))
      .filter((body) =>
        Object.entries(filter).every(([name, value]) => value === undefined || body[name] === value),
      )
      .sort((a, b) => (a.id < b.id ? 1 : -1));
    if (order === 'oldest') return newestFirst.reverse();
    if (order === 'active')
      return newestFirst.sort((a, b) => Date.parse(b.updated_time) - Date.parse(a.updated_time));
    return newestFirst;
  }
}

const authored = ({ sub }: Actor, time: string) => ({
  created_time: time,
  updated_time: time,
  created_by: sub,
  created_by_name: null,
  created_by_role: null,
  updated_by: sub,
  updated_by_name: null,
  updated_by_role: null,
});

function touch(body: Body, { sub }: Actor, time: string): void {
  body.updated_time = time;
  body['updated_by'] = sub;
}
