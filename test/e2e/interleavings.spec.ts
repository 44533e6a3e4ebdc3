import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DataSource } from 'typeorm';
import { createTestApp } from '../support/create-test-app.js';
import { expectProblem } from '../support/problems.js';
import { MISSING_ID, RUN_STATUSES } from '../support/samples.js';
import { SEEDS } from '../support/seeds.js';
import {
  type Actor,
  type Body,
  type ModelledConversation,
  Tags,
  TenantModel,
} from '../support/tenant-model.js';
import type { TestClient } from '../support/test-client.js';

const HISTORIES = 15;
const TENANTS = 3;
const COMMANDS = 30;
const RACES = 25;
const TARGETS = 3;
/** After it a counterexample is not made smaller any more. */
const PATIENCE_MS = 60_000;
const AGENTS = ['8f9d2c1e-5b7a-4f0e-9c3d-2a1b6e4d7f80', '8f9d2c1e-5b7a-4f0e-9c3d-2a1b6e4d7f81'];
const SCOPES = ['conversations:read', 'conversations:write'];

const { app, as } = await createTestApp();
beforeAll(async () => {
  if (testEngine === 'sqlite') await app.get(DataSource).query('PRAGMA synchronous = OFF');
});

type Answer = Awaited<ReturnType<TestClient['get']>>;

const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 1 });
const status = fc.constantFrom(...RUN_STATUSES.slice(0, 4));
const which = fc.nat(1_000);
const text = fc.string({ unit: 'grapheme', maxLength: 12 }).filter((content) => !content.includes('\0'));
const precondition = fc.constantFrom('none', 'none', 'none', 'current', 'stale', 'any');
const message = fc.record(
  {
    message_from: fc.constantFrom('user', 'agent'),
    content: text,
    run_id: fc.constant('run-1'),
    user_id: fc.constant('mallory'),
    input_tokens: fc.nat(9),
    answer_tokens: fc.nat(9),
    metadata: fc.dictionary(fc.constantFrom('a', 'b'), fc.nat(3), { noNullPrototype: true }),
  },
  { requiredKeys: ['message_from', 'content'] },
);

const command = fc.oneof(
  fc.record({
    name: fc.constant('create' as const),
    body: fc.record(
      {
        topic: fc.constantFrom('One', 'Two'),
        status,
        agent_id: fc.constantFrom(...AGENTS),
        assignment_id: fc.constantFrom('a', 'A'),
        user_id: fc.constantFrom('eve', 'mallory'),
      },
      { requiredKeys: [] },
    ),
    keyed: fc.boolean(),
  }),
  fc.record({ name: fc.constant('append' as const), which, body: message, keyed: fc.boolean() }),
  fc.record({
    name: fc.constant('batch' as const),
    which,
    body: fc.record({ messages: fc.array(message, { minLength: 1, maxLength: 4 }) }),
    keyed: fc.boolean(),
  }),
  fc.record({ name: fc.constant('get' as const), which, precondition }),
  fc.record({
    name: fc.constant('list' as const),
    order: fc.constantFrom('recent', 'oldest', 'active'),
    page: fc.integer({ min: 1, max: 3 }),
    size: fc.integer({ min: 1, max: 6 }),
    filter: fc.record({
      status: maybe(status),
      user_id: maybe(fc.constantFrom('eve', 'mallory', 'ada', 'nora')),
      agent_id: maybe(fc.constantFrom(...AGENTS)),
      assignment_id: maybe(fc.constantFrom('a', 'A')),
    }),
  }),
  fc.record({
    name: fc.constant('listMessages' as const),
    which,
    order: fc.constantFrom('oldest', 'recent'),
    page: fc.integer({ min: 1, max: 3 }),
    size: fc.integer({ min: 1, max: 4 }),
  }),
  fc.record({ name: fc.constant('getMessage' as const), which, message: which, precondition }),
  fc.record({
    name: fc.constant('changeTopic' as const),
    which,
    body: fc.record({ topic: fc.constantFrom('One', 'Two', 'Drei', '四') }),
    precondition,
  }),
  fc.record({
    name: fc.constant('changeStatus' as const),
    which,
    body: fc.record({ status: fc.option(status), expected_status: status }, { requiredKeys: [] }),
    precondition,
  }),
  fc.record({
    name: fc.constant('changeMessage' as const),
    which,
    message: which,
    body: fc.record(
      { feedback: fc.option(fc.constantFrom('good', 'bad')), metadata: fc.constantFrom({}, { a: 1 }) },
      { requiredKeys: [] },
    ),
    precondition,
  }),
  fc.record({ name: fc.constant('delete' as const), which, precondition }),
  fc.record({
    name: fc.constant('repeat' as const),
    which,
    change: fc.constantFrom('nothing', 'nothing', 'body', 'unit', 'credential'),
  }),
);
type Command = typeof command extends fc.Arbitrary<infer C> ? C : never;
type Of<Name extends Command['name']> = Extract<Command, { name: Name }>;

/** Credentials: of the whole tenant, of one unit, and of no tenant; some of them are narrowed to a unit as well. */
const CREDENTIALS: Record<string, { unit?: string; roams?: boolean }> = {
  ada: {},
  nora: { unit: 'north' },
  otto: { roams: true },
};
const sender = fc.constantFrom(
  ...[null, 'north', 'south'].flatMap((unit) => [
    { sub: 'ada', unit },
    { sub: 'otto', unit },
  ]),
  { sub: 'nora', unit: 'north' },
  { sub: 'nora', unit: 'north' },
);
const history = fc.array(fc.tuple(sender, command), { minLength: COMMANDS, maxLength: COMMANDS });

/** A POST that had an Idempotency-Key, and how it was answered. */
interface KeyedPost {
  path: string;
  body: object;
  key: string;
  actor: Actor;
  answer: Answer;
}

/** One tenant that lives its history, beside a model of it; `strangers` are ids of everybody. */
class Life {
  readonly #model: TenantModel;
  readonly #known: string[] = [];
  readonly #posts: KeyedPost[] = [];
  #keys = 0;

  constructor(
    tenant: string,
    private readonly strangers: string[],
  ) {
    this.#model = new TenantModel(tenant);
  }

  async live(commands: readonly (readonly [Actor, Command])[]): Promise<void> {
    for (const [actor, one] of commands) await this.#carryOut(actor, one);
    await this.#list({ sub: 'ada', unit: null }, EVERYTHING);
  }

  #carryOut(actor: Actor, one: Command): Promise<void> {
    switch (one.name) {
      case 'create':
        return this.#post(actor, '/conversations', one.body, one.keyed);
      case 'append':
        return this.#post(actor, `${this.#pathOf(one)}/messages`, one.body, one.keyed);
      case 'batch':
        return this.#post(actor, `${this.#pathOf(one)}/messages/batch`, one.body, one.keyed);
      case 'repeat':
        return this.#repeat(one);
      case 'list':
        return this.#list(actor, one);
      case 'listMessages':
        return this.#listMessages(actor, one);
      case 'get':
      case 'changeTopic':
      case 'changeStatus':
      case 'delete':
        return this.#onConversation(actor, one);
      case 'getMessage':
      case 'changeMessage':
        return this.#onMessage(actor, one);
    }
  }

  /** Mostly one of the tenant's own, deleted ones among them. */
  #idOf({ which: n }: { which: number }): string {
    const ids = n % 8 === 0 ? this.strangers : this.#known;
    return ids[n % ids.length] ?? MISSING_ID;
  }

  #pathOf(one: { which: number }): string {
    return `/conversations/${this.#idOf(one)}`;
  }

  #send(
    { sub, unit }: Actor,
    method: string,
    path: string,
    body?: object,
    headers: Record<string, string> = {},
    query: Record<string, string | number> = {},
  ): Promise<Answer> {
    const credential = CREDENTIALS[sub] ?? {};
    const { tenant } = this.#model;
    const identity = {
      sub,
      ...(credential.unit && { unit: credential.unit }),
      ...(credential.roams ? { scopes: [...SCOPES, 'tenants:any'] } : { tenant }),
    };
    return as(identity).send(method, path, body, {
      headers,
      query: {
        ...query,
        ...(credential.roams && { tenant_id: tenant }),
        ...(unit !== null && unit !== credential.unit && { tenant_unit_id: unit }),
      },
    });
  }

  async #post(actor: Actor, path: string, body: object, keyed: boolean): Promise<void> {
    const key = `key-${++this.#keys}`;
    const answer = await this.#send(actor, 'POST', path, body, keyed ? { 'idempotency-key': key } : {});
    this.#expectPosted(actor, path, body, answer);
    // Of a request that failed nothing is kept.
    if (keyed && answer.status === 201) this.#posts.push({ path, body, key, actor, answer });
  }

  /** What a POST does that is carried out. */
  #expectPosted(actor: Actor, path: string, body: object, answer: Answer): void {
    expect(answer.headers['idempotency-replayed']).toBeUndefined();
    const [, , id = '', , batch] = path.split('/');
    const conversation = this.#model.find(id, actor);
    if (id !== '' && !conversation) return expectProblem(answer, 'conversation_not_found');
    expect(answer.status).toBe(201);
    if (!conversation) {
      const created = this.#model.create({ ...body }, actor, answer.body);
      this.#known.push(created.body.id);
      this.strangers.push(created.body.id);
      expectThing(answer, created);
    } else if (batch && 'messages' in body && Array.isArray(body.messages)) {
      const messages = body.messages.map((one: object, index) =>
        this.#model.append(conversation, { ...one }, actor, answer.body.data[index]),
      );
      expect(answer.body).toEqual({ data: messages.map((one) => one.body) });
    } else {
      expectThing(answer, this.#model.append(conversation, { ...body }, actor, answer.body));
    }
  }

  /** Sends a POST again with its key: the same one, or another. */
  async #repeat({ which: n, change }: Of<'repeat'>): Promise<void> {
    const post = this.#posts[n % this.#posts.length];
    if (!post) return;
    const { path, key } = post;
    const body = change === 'body' ? otherBody(post.body) : post.body;
    const unit = post.actor.unit === 'south' ? 'north' : 'south';
    const other = { sub: post.actor.sub === 'ada' ? 'otto' : 'ada', unit: post.actor.unit };
    const isBound = CREDENTIALS[post.actor.sub]?.unit !== undefined;
    const actor =
      change === 'credential' ? other : change === 'unit' && !isBound ? { ...post.actor, unit } : post.actor;

    const answer = await this.#send(actor, 'POST', path, body, { 'idempotency-key': key });

    if (change === 'credential') {
      const before = this.#posts.find((one) => one.key === key && one.actor.sub === actor.sub);
      if (!before) {
        this.#expectPosted(actor, path, body, answer);
        if (answer.status === 201) this.#posts.push({ path, body, key, actor, answer });
        return;
      }
      if (before.actor.unit !== actor.unit) return expectReused(answer);
      return this.#expectReplayed(before, answer);
    }
    if (change === 'body' || actor !== post.actor) return expectReused(answer);
    this.#expectReplayed(post, answer);
  }

  /** What was done then, as it is now. */
  #expectReplayed({ path, actor, answer: original }: KeyedPost, answer: Answer): void {
    const [, , id = original.body.id] = path.split('/');
    const conversation = this.#model.find(id, actor);
    if (!conversation) return expectProblem(answer, 'conversation_not_found');
    expect(answer.headers).toMatchObject({ 'idempotency-replayed': 'true' });
    const messageOf = ({ sequence }: { sequence: number }) => conversation.messages[sequence - 1];
    expect([answer.status, answer.headers.location]).toEqual([201, original.headers.location]);
    if (path.endsWith('/batch'))
      expect(answer.body.data).toEqual(
        original.body.data.map((one: { sequence: number }) => messageOf(one)?.body),
      );
    else expectThing(answer, path.endsWith('/messages') ? messageOf(original.body) : conversation);
  }

  async #onConversation(
    actor: Actor,
    one: Of<'get'> | Of<'changeTopic'> | Of<'changeStatus'> | Of<'delete'>,
  ): Promise<void> {
    const id = this.#idOf(one);
    const conversation = this.#model.find(id, actor);
    const path = one.name === 'changeStatus' ? `/conversations/${id}/status` : `/conversations/${id}`;
    const tags = conversation?.tags;
    if (one.name === 'get') {
      const headers = tagHeader('if-none-match', one.precondition, tags);
      return expectRead(await this.#send(actor, 'GET', path, undefined, headers), conversation, headers);
    }
    const headers = tagHeader('if-match', one.precondition, tags);
    const body = one.name === 'delete' ? undefined : one.body;
    const answer = await this.#send(actor, one.name === 'delete' ? 'DELETE' : 'PATCH', path, body, headers);
    if (!conversation) return expectProblem(answer, 'conversation_not_found');
    if (headers['if-match'] === tags?.stale) return expectProblem(answer, 'precondition_failed');
    if (one.name === 'delete') {
      expect([answer.status, answer.text]).toEqual([204, '']);
      this.#model.conversations.delete(id);
      return;
    }
    if (one.name === 'changeStatus') {
      const { status: next, expected_status: expected } = one.body;
      const { status: current } = conversation.body;
      if (expected !== undefined && expected !== current) {
        expect([answer.status, answer.body.code]).toEqual([409, 'status_conflict']);
        expect(answer.body.current_status).toBe(current);
        return;
      }
      this.#model.change(conversation, next ? { status: next } : {}, actor, answer.body.updated_time);
    } else {
      this.#model.change(conversation, one.body, actor, answer.body.updated_time);
    }
    expectThing(answer, conversation);
  }

  async #onMessage(actor: Actor, one: Of<'getMessage'> | Of<'changeMessage'>): Promise<void> {
    const id = this.#idOf(one);
    const conversation = this.#model.find(id, actor);
    const anyMessages = this.#model.conversations.get(id)?.messages ?? [];
    const chosen = anyMessages[one.message % (anyMessages.length + 1)];
    const found = conversation && chosen;
    const path = `/conversations/${id}/messages/${chosen?.body.id ?? MISSING_ID}`;
    const name = one.name === 'getMessage' ? 'if-none-match' : 'if-match';
    const headers = tagHeader(name, one.precondition, found?.tags);
    const answer = await (one.name === 'getMessage'
      ? this.#send(actor, 'GET', path, undefined, headers)
      : this.#send(actor, 'PATCH', path, one.body, headers));
    if (conversation && !found) return expectProblem(answer, 'message_not_found');
    if (one.name === 'getMessage') return expectRead(answer, found, headers);
    if (!found) return expectProblem(answer, 'conversation_not_found');
    if (headers['if-match'] === found.tags.stale) return expectProblem(answer, 'precondition_failed');
    this.#model.change(found, one.body, actor, answer.body.updated_time);
    expectThing(answer, found);
  }

  async #list(actor: Actor, { order, page, size, filter }: Of<'list'>): Promise<void> {
    const expected = this.#model.list(actor, order, filter);
    const given = Object.entries(filter).filter((entry): entry is [string, string] => entry[1] !== undefined);
    const query = { order, page_num: page, page_size: size, ...Object.fromEntries(given) };
    const { status: code, body } = await this.#send(actor, 'GET', '/conversations', undefined, {}, query);
    expect(code).toBe(200);
    expectPage(body, expected, page, size);
  }

  async #listMessages(actor: Actor, { which: n, order, page, size }: Of<'listMessages'>): Promise<void> {
    const id = this.#idOf({ which: n });
    const conversation = this.#model.find(id, actor);
    const query = { order, page, page_size: size };
    const path = `/conversations/${id}/messages`;
    const answer = await this.#send(actor, 'GET', path, undefined, {}, query);
    if (!conversation) return expectProblem(answer, 'conversation_not_found');
    const oldestFirst = conversation.messages.map((one) => one.body);
    expectPage(answer.body, order === 'oldest' ? oldestFirst : oldestFirst.reverse(), page, size);
  }
}

const EVERYTHING: Of<'list'> = {
  name: 'list',
  order: 'recent',
  page: 1,
  size: 200,
  filter: { status: undefined, user_id: undefined, agent_id: undefined, assignment_id: undefined },
};

/** The header of a precondition. A tag that was not seen yet cannot be sent. */
function tagHeader(name: string, chosen: string, tags: Tags | undefined): Record<string, string> {
  if (chosen === 'none' || !tags) return {};
  if (chosen === 'any') return { [name]: '*' };
  const tag = chosen === 'stale' ? tags.stale : tags.current;
  return tag === undefined ? {} : { [name]: tag };
}

type Thing = Pick<ModelledConversation, 'body' | 'tags'>;

function expectThing(answer: Answer, thing: Thing | undefined): void {
  const { body, tags } = thing ?? { body: undefined, tags: new Tags() };
  expect(answer.body).toEqual(body);
  expect([answer.headers.etag, tags.accept(answer.headers.etag)]).toEqual([expect.any(String), true]);
}

function expectRead(answer: Answer, thing: Thing | undefined, headers: Record<string, string>): void {
  if (!thing) return expectProblem(answer, 'conversation_not_found');
  const sent = headers['if-none-match'];
  if (sent !== undefined && sent !== thing.tags.stale) {
    expect([answer.status, answer.text]).toEqual([304, '']);
    return;
  }
  expect(answer.status).toBe(200);
  expectThing(answer, thing);
}

const expectReused = (answer: Answer): void =>
  expectProblem(answer, 'idempotency_key_reused', 'Idempotency-Key');

/** Another valid body for the same operation. */
function otherBody(body: object): object {
  if ('messages' in body && Array.isArray(body.messages))
    return { messages: body.messages.map((one: object) => otherBody(one)) };
  return { ...body, agent_id: 'agent_id' in body && body.agent_id === AGENTS[0] ? AGENTS[1] : AGENTS[0] };
}

function expectPage(page: Record<string, unknown>, all: readonly Body[], number: number, size: number): void {
  expect(page).toMatchObject({
    page_num: number,
    page_size: size,
    total_count: all.length,
    total_pages: Math.ceil(all.length / size),
    has_next_page: all.length > number * size,
    data: all.slice((number - 1) * size, number * size),
  });
}

/** What is in flight at once: at a few conversations, by several credentials, each a moment after the start. */
const race = fc.array(
  fc.record({
    delayMs: fc.nat(4),
    sub: fc.constantFrom('ada', 'bob'),
    target: fc.nat(TARGETS - 1),
    action: fc.oneof(
      { arbitrary: fc.constantFrom('append', 'batch', 'topic', 'status'), weight: 6 },
      { arbitrary: fc.constantFrom('key-1', 'key-2'), weight: 4 },
      { arbitrary: fc.constant('delete'), weight: 1 },
    ),
  }),
  { minLength: 8, maxLength: 30 },
);
type Racer = typeof race extends fc.Arbitrary<(infer R)[]> ? R : never;

interface Finish extends Racer {
  answer: Answer;
}

/** Sends one request of a race; its texts are told apart by `n`. */
async function run(tenant: string, racer: Racer, path: string, etag: string, n: number): Promise<Finish> {
  const client = as({ tenant, sub: racer.sub });
  const say = (content: string) => ({ message_from: 'user', content });
  const send = (): Promise<Answer> => {
    switch (racer.action) {
      case 'append':
        return client.post(`${path}/messages`, say(`${n}`));
      case 'batch':
        return client.post(`${path}/messages/batch`, { messages: [say(`${n} a`), say(`${n} b`)] });
      case 'topic':
        return client.patch(path, { topic: `Topic ${n}` }, { headers: { 'if-match': etag } });
      case 'status':
        return client.patch(`${path}/status`, { status: 'paused', expected_status: 'queued' });
      case 'delete':
        return client.delete(path);
      default:
        return client.post(`${path}/messages`, say(`${racer.sub} ${racer.action}`), {
          headers: { 'idempotency-key': `${path} ${racer.action}`.replaceAll(/[ /]/g, '-') },
        });
    }
  };
  await sleep(racer.delayMs);
  return { ...racer, answer: await send() };
}

/** How often each status was answered. */
const tally = (finishes: readonly Finish[]) =>
  finishes.map(({ answer }) => answer.status).sort((one, other) => one - other);

/** What a race has left of a conversation is what its answers say. */
async function expectOutcome(client: TestClient, path: string, finishes: readonly Finish[]): Promise<void> {
  const by = (pattern: RegExp) => finishes.filter(({ action }) => pattern.test(action));
  const isDeleted = by(/delete/).length > 0;
  const gone = isDeleted ? [404] : [];
  const posts = by(/append|batch|key/);
  const done = posts.filter(({ answer }) => answer.status === 201);
  expect([409, 201, ...gone]).toEqual(expect.arrayContaining(tally(posts)));
  expect([201, ...gone]).toEqual(expect.arrayContaining(tally(by(/append|batch/))));
  expect([200, 412, ...gone]).toEqual(expect.arrayContaining(tally(by(/topic/))));
  expect(tally(by(/topic/)).filter((code) => code === 200).length).toBeLessThanOrEqual(1);
  const [firstStatus, ...otherStatuses] = tally(by(/status/));
  if (!isDeleted && firstStatus !== undefined) expect(firstStatus).toBe(200);
  expect([409, ...gone]).toEqual(expect.arrayContaining(otherStatuses));
  for (const sub of ['ada', 'bob']) {
    for (const key of ['key-1', 'key-2']) {
      const repeated = posts.filter((finish) => finish.sub === sub && finish.action === key);
      const answers = new Set(
        repeated.filter((finish) => done.includes(finish)).map(({ answer }) => answer.text),
      );
      expect(answers.size).toBeLessThanOrEqual(1);
      if (!isDeleted && repeated.length > 0) expect(answers.size).toBe(1);
    }
  }
  if (isDeleted) {
    expect(tally(by(/delete/))).toEqual([
      204,
      ...by(/delete/)
        .slice(1)
        .map(() => 404),
    ]);
    for (const one of [path, `${path}/messages`])
      expectProblem(await client.get(one), 'conversation_not_found');
    return;
  }
  const { body: conversation } = await client.get(path);
  const { body: page } = await client.get(`${path}/messages`, { query: { page_size: 200 } });
  const acknowledged = new Map<string, Body>(
    done.flatMap(({ answer }) => answer.body.data ?? [answer.body]).map((one: Body) => [one.id, one]),
  );
  const inOrder = [...acknowledged.values()].sort((a, b) => Number(a['sequence']) - Number(b['sequence']));
  expect(page.data).toEqual(inOrder);
  expect(inOrder.map((one) => one['sequence'])).toEqual(inOrder.map((_, index) => index + 1));
  expect([conversation.message_count, page.total_count]).toEqual([inOrder.length, inOrder.length]);
  for (const { answer } of done) {
    const [one, two] = answer.body.data ?? [];
    if (one) expect(two.sequence).toBe(Number(one.sequence) + 1);
  }
}

let runs = 0;

describe.each(SEEDS)('at random (seed %i)', (seed) => {
  it('several tenants live side by side, each as if it were alone', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(history, { minLength: TENANTS, maxLength: TENANTS }), async (histories) => {
        runs++;
        const everybody: string[] = [];
        await Promise.all(
          histories.map((commands, n) => new Life(`tenant-${runs}-${n}`, everybody).live(commands)),
        );
      }),
      { seed, numRuns: HISTORIES, interruptAfterTimeLimit: PATIENCE_MS },
    );
  }, 120_000);

  it('what many do to a few conversations at once is what they were answered', async () => {
    await fc.assert(
      fc.asyncProperty(race, async (racers) => {
        const tenant = `race-${++runs}`;
        const client = as({ tenant });
        const targets: { path: string; etag: string }[] = [];
        for (let n = 0; n < TARGETS; n++) {
          const { body, headers } = await client.post('/conversations', { status: 'queued' });
          targets.push({ path: `/conversations/${body.id}`, etag: headers.etag ?? '' });
        }

        const finishes = await Promise.all(
          racers.map((racer, n) => {
            const { path = '', etag = '' } = targets[racer.target] ?? {};
            return run(tenant, racer, path, etag, n);
          }),
        );

        for (const [n, { path }] of targets.entries())
          await expectOutcome(
            client,
            path,
            finishes.filter(({ target }) => target === n),
          );
        for (const query of [{}, { status: 'queued' }, { status: 'paused' }] as Record<string, string>[]) {
          const { body } = await client.get('/conversations', { query });
          expect(body.total_count).toBe(body.data.length);
        }
      }),
      { seed, numRuns: RACES, interruptAfterTimeLimit: PATIENCE_MS },
    );
  }, 120_000);
});
