import { afterAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createTestApp } from '../support/create-test-app.js';
import { isDeep } from '../support/depth.js';
import { SEEDS } from '../support/seeds.js';
import type { TestClient } from '../support/test-client.js';
import { createTestDatabase } from '../support/test-database.js';

const CLIENTS = 50;
const STEPS = isDeep ? 20 : 6;
const NAMES = ['a', 'b', 'c', 'd', 'e', 'f'];

const database = await createTestDatabase();
const replicas = [
  await createTestApp({ databaseUrl: database.url }),
  await createTestApp({ databaseUrl: database.url }),
];
afterAll(async () => {
  for (const { close } of replicas) await close();
  await database.drop();
});

type Answer = Awaited<ReturnType<TestClient['get']>>;

/** What a client sends next; names, keys and conditions are few, so that they meet. */
type Action =
  | { does: 'create'; name: string; returns: boolean; key: string | undefined }
  | {
      does: 'append';
      to: string;
      name: string | undefined;
      returns: boolean;
      expects: boolean;
      key: string | undefined;
    }
  | { does: 'fork'; of: string; name: string | undefined }
  | { does: 'hide'; in: string; hidden: boolean }
  | { does: 'redact'; in: string }
  | { does: 'retitle'; of: string; topic: string };

/** A request that was answered, and when it was under way. */
interface Done {
  action: Action;
  answer: Answer;
  began: number;
  ended: number;
  conversation: string;
  /** What it said, or expected to be the last sequence. */
  content?: string;
  expected?: number | undefined;
  message?: string;
}

const name = fc.constantFrom(...NAMES);
const key = fc.option(fc.constantFrom('k1', 'k2'), { nil: undefined, freq: 3 });
const actions = fc.oneof(
  fc.record({ does: fc.constant('create' as const), name, returns: fc.boolean(), key }),
  {
    weight: 5,
    arbitrary: fc.record({
      does: fc.constant('append' as const),
      to: name,
      name: fc.option(name, { nil: undefined }),
      returns: fc.boolean(),
      expects: fc.boolean(),
      key,
    }),
  },
  fc.record({
    does: fc.constant('fork' as const),
    of: name,
    name: fc.option(name, { nil: undefined, freq: 1 }),
  }),
  fc.record({ does: fc.constant('hide' as const), in: name, hidden: fc.boolean() }),
  fc.record({ does: fc.constant('redact' as const), in: name }),
  fc.record({ does: fc.constant('retitle' as const), of: name, topic: fc.constantFrom('x', 'y') }),
);

/** One run: fifty clients at two replicas, each in its turn. */
class History {
  readonly done: Done[] = [];
  /** The ids of conversations by their names; those of the beginning never change. */
  readonly ids = new Map<string, string>();
  #clock = 0;
  #said = 0;

  constructor(readonly clients: readonly TestClient[]) {}

  async play(client: number, steps: readonly Action[]): Promise<void> {
    for (const [n, action] of steps.entries())
      await this.#act(this.#clientOf(client), action, `${client}-${n}`);
  }

  #clientOf(client: number): TestClient {
    const found = this.clients[client % this.clients.length];
    if (!found) throw new Error('There are no clients.');
    return found;
  }

  async #act(client: TestClient, action: Action, id: string): Promise<void> {
    const named = 'to' in action ? action.to : 'of' in action ? action.of : 'in' in action ? action.in : '';
    const conversation = this.ids.get(named) ?? '';
    const path = `/conversations/${conversation}`;
    const send = async (
      about: Partial<Done>,
      method: string,
      at: string,
      body?: object,
      idempotencyKey?: string,
    ) => {
      const began = ++this.#clock;
      const headers: Record<string, string> =
        idempotencyKey === undefined ? {} : { 'idempotency-key': `${id}-${idempotencyKey}` };
      const answer = await client.send(method, at, body, { headers });
      this.done.push({ action, answer, began, ended: ++this.#clock, conversation, ...about });
      if (idempotencyKey === undefined || answer.status >= 300) return;
      // Repeated, it is answered with the very same thing, whatever became of it since.
      const again = await client.send(method, at, body, { headers });
      expect([again.status, again.body.id]).toEqual([answer.status, answer.body.id]);
      expect(again.headers['idempotency-replayed']).toBe('true');
    };
    switch (action.does) {
      case 'create': {
        const body = { external_id: action.name, ...(action.returns && { if_exists: 'return' }) };
        return send({}, 'POST', '/conversations', body, action.key);
      }
      case 'fork':
        return send(
          {},
          'POST',
          `${path}/fork`,
          action.name === undefined ? {} : { external_id: action.name },
        );
      case 'retitle':
        return send({}, 'PATCH', path, { topic: action.topic });
      case 'append': {
        const { body } = await client.get(path);
        const content = `said ${this.#said++}`;
        const expected = action.expects ? (body.message_count as number) : undefined;
        const message = {
          message_from: 'user',
          content,
          ...(action.name !== undefined && { external_id: action.name }),
          ...(action.returns && { if_exists: 'return' }),
          ...(expected !== undefined && { expected_last_sequence: expected }),
        };
        return send({ content, expected }, 'POST', `${path}/messages`, message, action.key);
      }
      case 'hide':
      case 'redact': {
        const { body } = await client.get(`${path}/messages`, { query: { order: 'recent', page_size: 1 } });
        const [last] = body.data;
        if (!last) return undefined;
        const at = `${path}/messages/${last.id}`;
        return action.does === 'hide'
          ? send({ message: last.id }, 'PATCH', at, { hidden: action.hidden })
          : send({ message: last.id }, 'POST', `${at}/redact`);
      }
    }
  }
}

const of = (history: History, does: Action['does']) =>
  history.done.filter(({ action }) => action.does === does);

describe('fifty clients at two replicas', () => {
  it.each(SEEDS)(
    'get answers that some order of their requests explains (seed %i)',
    async (seed) => {
      const plans = fc.sample(fc.array(actions, { minLength: STEPS, maxLength: STEPS }), {
        seed,
        numRuns: CLIENTS,
      });
      const history = new History(replicas.map(({ as }) => as({ tenant: `t${seed}` })));
      const [client] = history.clients;
      if (!client) throw new Error('There are no clients.');
      for (const external_id of NAMES)
        history.ids.set(external_id, (await client.post('/conversations', { external_id })).body.id);

      await Promise.all(plans.map((steps, n) => history.play(n, steps)));

      for (const { answer } of history.done) expect(answer.status).toBeLessThan(500);
      explainCreates(history);
      for (const id of history.ids.values()) await explainConversation(history, client, id);
    },
    300_000,
  );
});

/** Every name is taken: it is answered with whose it is, or refused. */
function explainCreates(history: History): void {
  for (const { action, answer } of of(history, 'create')) {
    if (action.does !== 'create') continue;
    const id = history.ids.get(action.name);
    if (action.returns) expect([answer.status, answer.body.id]).toEqual([200, id]);
    else expect(answer.body.code).toBe('conversation_exists');
  }
}

async function explainConversation(history: History, client: TestClient, id: string): Promise<void> {
  const { body: conversation } = await client.get(`/conversations/${id}`);
  const { body: list } = await client.get(`/conversations/${id}/messages`, { query: { page_size: 200 } });
  const messages = list.data as {
    id: string;
    sequence: number;
    content: string;
    external_id: string | null;
  }[];
  expect(messages.map(({ sequence }) => sequence)).toEqual(messages.map((_, n) => n + 1));
  expect(conversation.message_count).toBe(messages.length);
  const appends = of(history, 'append').filter((one) => one.conversation === id);
  const stored = appends.filter(({ answer }) => answer.status === 201);
  const sequences = stored.map(({ answer }) => answer.body.sequence as number).toSorted((a, b) => a - b);
  expect(sequences).toEqual(messages.map(({ sequence }) => sequence));
  for (const one of stored) explainStored(one, stored);
  for (const one of appends.filter(({ answer }) => answer.status !== 201)) explainRefused(one, stored);
  explainMessages(history, messages);
  explainForks(history, id, stored);
  const retitled = of(history, 'retitle').filter((one) => one.conversation === id);
  for (const { answer } of retitled) expect(answer.body.version).toBeLessThanOrEqual(conversation.version);
  // Appends that are written together are one version; what changes nothing is none.
  expect(conversation.version).toBeGreaterThan(messages.length > 0 ? 1 : 0);
  expect(conversation.version).toBeLessThanOrEqual(1 + messages.length + retitled.length);
}

/** A message that was stored came behind all that were answered before it was sent, and behind the one it expected. */
function explainStored(one: Done, stored: readonly Done[]): void {
  const { sequence, external_id: named } = one.answer.body;
  expect(one.answer.body.content).toBe(one.content);
  if (one.expected !== undefined) expect(sequence).toBe(one.expected + 1);
  for (const earlier of stored.filter(({ ended }) => ended < one.began))
    expect(earlier.answer.body.sequence).toBeLessThan(sequence);
  if (named !== null) expect(stored.filter(({ answer }) => answer.body.external_id === named)).toEqual([one]);
}

/** What was not stored was there by its name, or came behind another message than it expected. */
function explainRefused(one: Done, stored: readonly Done[]): void {
  const { action, answer } = one;
  if (action.does !== 'append') return;
  const known = stored.filter(({ ended, began }) => ended < one.began || began < one.ended);
  const holder = known.find(
    ({ answer: { body } }) => action.name !== undefined && body.external_id === action.name,
  );
  if (answer.status === 200) {
    expect(action.returns).toBe(true);
    expect(answer.body.id).toBe(holder?.answer.body.id);
  } else if (answer.body.code === 'message_exists') {
    expect(action.returns).toBe(false);
    expect(known.map(({ answer: { body } }) => body.external_id)).toContain(action.name);
  } else {
    expect(answer.body.code).toBe('sequence_conflict');
    const { last_sequence: last } = answer.body;
    expect(last).not.toBe(one.expected);
    const before = stored
      .filter(({ ended }) => ended < one.began)
      .map((earlier) => earlier.answer.body.sequence);
    expect(last).toBeGreaterThanOrEqual(Math.max(0, ...before));
    expect(last).toBeLessThanOrEqual(Math.max(0, ...known.map((other) => other.answer.body.sequence)));
    // Had its name been there when it began, it would have been told of that.
    const early = stored.find(
      ({ ended, answer: { body } }) => ended < one.began && body.external_id === action.name,
    );
    if (action.name !== undefined) expect(early).toBeUndefined();
  }
}

/** The changes of a message are its versions 2, 3 … in a row; redaction is the last of them. */
function explainMessages(history: History, messages: readonly { id: string }[]): void {
  for (const final of messages as readonly { id: string; version: number; redacted_time: string | null }[]) {
    const about = history.done.filter(({ message }) => message === final.id);
    const states = new Map<number, object>();
    for (const { answer } of about.filter(({ answer: { status } }) => status === 200)) {
      const { version } = answer.body;
      expect(states.get(version) ?? answer.body).toEqual(answer.body);
      states.set(version, answer.body);
    }
    const changed = [...states.keys()].filter((version) => version > 1).toSorted((a, b) => a - b);
    expect(changed).toEqual(changed.map((_, n) => n + 2));
    if (changed.length > 0) expect(states.get(final.version)).toEqual(final);
    const redacted = about.find(({ action, answer }) => action.does === 'redact' && answer.status === 200);
    if (redacted)
      expect(final).toMatchObject({ redacted_time: expect.any(String), content: '', version: final.version });
    for (const { action, answer } of about.filter(({ answer: { status } }) => status !== 200)) {
      expect([action.does, answer.body.code]).toEqual(['hide', 'message_redacted']);
      expect(about.map((each) => [each.action.does, each.answer.status])).toContainEqual(['redact', 200]);
    }
  }
}

/** A fork has as many messages as there were at some moment of its making. */
function explainForks(history: History, id: string, stored: readonly Done[]): void {
  for (const { answer, action, began, ended } of of(history, 'fork').filter(
    (one) => one.conversation === id,
  )) {
    if (action.does !== 'fork') continue;
    if (action.name !== undefined) {
      expect(answer.body.code).toBe('conversation_exists');
      continue;
    }
    const { forked_from: from, message_count: count } = answer.body;
    expect(from).toEqual({ conversation_id: id, sequence: count });
    expect(count).toBeGreaterThanOrEqual(stored.filter((one) => one.ended < began).length);
    expect(count).toBeLessThanOrEqual(stored.filter((one) => one.began < ended).length);
  }
}
