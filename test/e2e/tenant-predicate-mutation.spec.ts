import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource, type QueryRunner } from 'typeorm';
import { newId } from '../../src/common/ids.js';
import { loadConfig } from '../../src/config/load-config.js';
import { dataSourceOptions, openDataSource } from '../../src/database/engines/data-source.js';
import { Transactions } from '../../src/database/sql/transactions.js';
import { EventPublisher } from '../../src/events/event-publisher.js';
import { EventsRepository } from '../../src/events/events.repository.js';
import { FeedsRepository } from '../../src/events/feeds.repository.js';
import { ConversationsRepository } from '../../src/conversations/conversations.repository.js';
import { PendingEventsRepository } from '../../src/events/pending-events.repository.js';
import { IdempotencyRepository } from '../../src/idempotency/idempotency.repository.js';
import { TenantScope } from '../../src/identity/tenant-scope.js';
import { JobRunner } from '../../src/jobs/job-runner.js';
import { MessagePurge } from '../../src/messages/message-purge.js';
import { newMessageId } from '../../src/messages/new-message-id.js';
import { DueLanesRepository } from '../../src/webhooks/delivery/due-lanes.repository.js';
import { LaneTurn } from '../../src/webhooks/delivery/lane-turn.js';
import { WebhookLanesRepository } from '../../src/webhooks/delivery/webhook-lanes.repository.js';
import { WebhookRetriesRepository } from '../../src/webhooks/delivery/webhook-retries.repository.js';
import { Webhook } from '../../src/webhooks/webhook.entity.js';
import { WebhooksRepository } from '../../src/webhooks/webhooks.repository.js';
import { createTestApp } from '../support/create-test-app.js';
import { isDeep } from '../support/depth.js';
import { addressOf, type Operation, OPERATIONS as ALL_OPERATIONS } from '../support/operations.js';
import { RUN_STATUSES } from '../support/samples.js';
import { type OwnerColumn, type OwnerPlace, StatementMutator } from '../support/statement-mutator.js';
import { insertAll, type Row, tenantTablesOf } from '../support/tenant-rows.js';
import { answers as receiverAnswers, WebhookReceiver } from '../support/webhook-receiver.js';

const AGENT = '8f9d2c1e-5b7a-4f0e-9c3d-2a1b6e4d7f80';
const UNIT = 'north';
const NARROWINGS: readonly Record<string, string>[] = [{}, { tenant_unit_id: UNIT }];
/** So many conversations that a page can be far from both ends of the list. */
const MANY = 2_100;
const SAME_IDS = Array.from({ length: MANY }, () => newId());
/** At least as many as the counters have. */
const SHARDS = 32;
/** Together they are larger than a fork may be, and each fits a statement of a server. */
const [LARGE_OF_THEIRS, LARGE_OF_OURS] = [15 * 1024 * 1024, 2 * 1024 * 1024];
/** Bytes of an object that is left out of a page at first. */
const LARGE_OBJECT = 5_000;
/** Bytes of a message of which no page of 20 is read at once. */
const LARGE = 600_000;

/** Queries that lead to statements of their own. */
const QUERIES: Record<string, Record<string, string>[]> = {
  listConversations: [
    {},
    { order: 'active' },
    { user_id: 'ada', status: 'paused' },
    { agent_id: AGENT },
    { statuses: 'paused,running' },
    { page_size: '1', page_num: '2' },
    { page_size: '1', page_num: '2', user_id: 'ada', statuses: 'paused,running' },
    { page_size: '1', page_num: '2', statuses: 'paused,running' },
  ],
  listMessages: [{}, { order: 'recent' }, { after_sequence: '1' }],
  listEvents: [{}, { types: 'message.created' }],
};

const { app, as, databaseUrl } = await createTestApp({ environment: { WEBHOOK_ALLOW: '127.0.0.1' } });
// Jobs are done by hand, by the steps that are about them: nobody moves rows beside the others.
await app.get(JobRunner).beforeApplicationShutdown();
const receiver = await WebhookReceiver.start();
const TENANT = 'me';
/** Before the other in every index. */
const VICTIM = 'a-victim';
const OTHER_UNIT = 'a-victim';
const me = as({
  tenant: TENANT,
  sub: 'ada',
  scopes: [
    'conversations:read',
    'conversations:write',
    'conversations:import',
    'events:read',
    'webhooks:manage',
  ],
});
const mutator = new StatementMutator(app);
/** Not the app's, because it is not watched and may look across tenants. */
const database = await openDataSource(
  await dataSourceOptions(loadConfig({ environment: { DATABASE_URL: databaseUrl } }).database),
);
afterAll(() => database.destroy());
const tables = tenantTablesOf(app.get(DataSource));

type Rows = Map<string, Row[]>;

const NOBODY = {
  credentialId: 'nobody',
  id: 'nobody',
  name: null,
  role: null,
  userId: null,
  tenantId: null,
  tenantUnitId: null,
  scopes: new Set([]),
} as const;

async function inOneTransaction(work: (runner: QueryRunner) => Promise<void>): Promise<void> {
  const runner = database.createQueryRunner('master');
  try {
    await runner.startTransaction();
    await work(runner);
    await runner.commitTransaction();
  } finally {
    await runner.release();
  }
}

const OPERATIONS = ALL_OPERATIONS.map((operation) =>
  operation.id === 'createWebhook'
    ? { ...operation, body: { ...operation.body, url: receiver.url } }
    : operation,
);

interface Thing {
  conversation: string;
  message: string;
  /** Another message, the first one. */
  first: string;
  webhook: string;
}

/** Who has rows beside somebody's: another tenant, which has the same ids too, or another unit of the same tenant. */
type Neighbour = 'nobody' | 'tenant' | 'unit';
/** Whose rows there are. */
const OWNERS: Record<Neighbour, Row[]> = {
  nobody: [{ tenant_id: TENANT, tenant_unit_id: UNIT }],
  tenant: [TENANT, VICTIM].map((tenant_id) => ({ tenant_id, tenant_unit_id: UNIT })),
  unit: [UNIT, OTHER_UNIT].map((tenant_unit_id) => ({ tenant_id: TENANT, tenant_unit_id })),
};

/** The Idempotency-Key of an operation, as far as it is narrowed. */
const keyOf = (id: string, unit: object, name: string) =>
  JSON.stringify(`${id} ${JSON.stringify(unit)} ${name}`);

/** What a step is told of: who acts, and on what. */
interface World {
  send: (
    method: string,
    path: string,
    options?: { body?: unknown; query?: Record<string, string>; key?: string },
  ) => Promise<void>;
  /** Shows something else that came of the step. */
  show: (something: unknown) => void;
  /** Is the neighbour's only. */
  theirs: Thing;
  /** Is there in both tenants, under the same ids. */
  twin: Thing;
}

interface Step {
  name: string;
  /** It acts in the unit, so that what another unit has must not show. */
  isOfUnit?: boolean;
  /** Changes the rows that there are before the step, by their tables. */
  arrange?: (rows: Rows, neighbour: Neighbour) => void;
  act: (world: World) => Promise<void>;
  /** The service works on the victim's rows meanwhile, as it should. */
  mayTouch?: boolean;
}

const sendTo = (
  { send }: World,
  operation: Operation,
  { conversation, message, webhook }: Thing,
  options: { query?: Record<string, string>; key?: string } = {},
) =>
  send(
    operation.method,
    addressOf(operation, { conversation_id: conversation, message_id: message, webhook_id: webhook }),
    { body: operation.body, ...options },
  );

const isOf = (row: Row, owner: Row): boolean =>
  Object.entries(owner).every(([column, value]) => row[column] === value);

const operationSteps = OPERATIONS.flatMap((operation) =>
  NARROWINGS.map((unit): Step => ({
    name: `${operation.id} ${JSON.stringify(unit)}`,
    isOfUnit: unit['tenant_unit_id'] !== undefined,
    act: async (world) => {
      const { theirs, twin } = world;
      for (const more of QUERIES[operation.id] ?? [{}]) {
        const query = { ...unit, ...more };
        if (/\{(conversation|webhook)_id\}/.test(operation.path))
          await sendTo(world, operation, theirs, { query });
        if (operation.path.includes('{message_id}'))
          await sendTo(world, operation, { ...twin, message: STRAY }, { query });
        await sendTo(world, operation, twin, { query });
        if (operation.method !== 'POST') continue;
        for (const key of ['theirs', 'both', 'new', 'new'])
          await sendTo(world, operation, twin, { query, key: keyOf(operation.id, unit, key) });
      }
    },
  })),
);

const listSteps = NARROWINGS.flatMap((unit): Step[] => [
  {
    name: `pages by cursor ${JSON.stringify(unit)}`,
    isOfUnit: unit['tenant_unit_id'] !== undefined,
    act: async ({ send }) => {
      for (const order of ['recent', 'oldest', 'active']) {
        const query = { ...unit, order, page_size: '1' };
        const { body } = await me.get('/conversations', { query });
        await send('GET', '/admin/api/v2/conversations', {
          query: { ...query, page_size: '200', cursor: body.next_cursor },
        });
      }
    },
  },
  {
    name: `pages far behind ${JSON.stringify(unit)}`,
    isOfUnit: unit['tenant_unit_id'] !== undefined,
    arrange: (rows, neighbour) => {
      const conversations = rows.get('conversation') ?? [];
      for (const owner of OWNERS[neighbour]) {
        const template = conversations.find((row) => isOf(row, { ...owner, agent_id: AGENT }));
        // Tenants have the same ids, so that it shows whose row is joined to a key; units cannot.
        const ids = neighbour === 'tenant' ? SAME_IDS : SAME_IDS.map(() => newId());
        conversations.push(...ids.map((id) => ({ ...template, id })));
      }
      const counter = rows
        .get('conversation_count')
        ?.find((row) => isOf(row, { tenant_id: TENANT, tenant_unit_id: UNIT, agent_id: AGENT }));
      if (counter) counter['total'] = Number(counter['total']) + MANY;
    },
    act: async ({ send }) => {
      for (const more of [{}, { user_id: 'ada' }] as Record<string, string>[])
        for (const page_num of ['11', '15'])
          await send('GET', '/admin/api/v2/conversations', {
            query: { ...unit, ...more, page_num, page_size: '100' },
          });
    },
  },
]);

/** Objects that a list reads by themselves, in slices. */
const sliceSteps = NARROWINGS.map((unit): Step => ({
  name: `a list of conversations with large objects ${JSON.stringify(unit)}`,
  isOfUnit: unit['tenant_unit_id'] !== undefined,
  arrange: (rows) => {
    for (const row of rows.get('conversation') ?? [])
      row['inputs'] = JSON.stringify({ of: row['topic'], text: 'x'.repeat(LARGE_OBJECT) });
  },
  act: async ({ send, show, theirs, twin }) => {
    await send('GET', '/admin/api/v2/conversations', { query: { ...unit, page_size: '200' } });
    // Of two rows with one id the list shows the one that was read last.
    const scope = TenantScope.grant(TENANT, unit['tenant_unit_id'] ?? null, NOBODY);
    const ids = [theirs.conversation, twin.conversation];
    const found = await app
      .get(Transactions)
      .readTogether(scope, (reads) => app.get(ConversationsRepository).listByIdsIn(scope, reads, ids));
    show(found.map(({ topic }) => topic).sort());
  },
}));

const HELLO = { message_from: 'user', content: 'Hello' };
/** The names that `createThings` gives, and one that only the neighbour has. */
const TAKEN = { theirs: 'taken-theirs', both: 'taken-both', stray: 'stray' };

const nameSteps = NARROWINGS.flatMap((unit): Step[] => [
  {
    name: `names, conditions and history ${JSON.stringify(unit)}`,
    isOfUnit: unit['tenant_unit_id'] !== undefined,
    act: async ({ send, theirs, twin }) => {
      const list = '/admin/api/v2/conversations';
      const history = { ...HELLO, created_time: '2000-01-01T00:00:00Z' };
      await send('POST', `${list}/${twin.conversation}/messages`, { query: unit, body: history });
      for (const external_id of [...Object.values(TAKEN), 'new']) {
        await send('GET', list, { query: { ...unit, external_id } });
        for (const more of [{}, { if_exists: 'return' }])
          await send('POST', list, { query: unit, body: { external_id, ...more } });
        for (const { conversation } of [theirs, twin]) {
          const messages = `${list}/${conversation}/messages`;
          await send('GET', messages, { query: { ...unit, external_id } });
          if (external_id === TAKEN.stray) continue;
          const body = { ...HELLO, external_id, if_exists: 'return' };
          await send('POST', messages, { query: unit, body });
        }
      }
    },
  },
  {
    name: `a fork beside messages that are too large for one ${JSON.stringify(unit)}`,
    isOfUnit: unit['tenant_unit_id'] !== undefined,
    arrange: (rows, neighbour) => {
      const messages = rows
        .get('message')
        ?.filter((row) => isOf(row, { conversation_id: twin.conversation }));
      const isTheirs = (row: Row) =>
        neighbour === 'unit' ? row['tenant_unit_id'] === OTHER_UNIT : row['tenant_id'] === VICTIM;
      const large = messages?.find(isTheirs);
      if (large) large['content'] = 'x'.repeat(LARGE_OF_THEIRS);
      const ours = messages?.find((row) => !isTheirs(row) && row['tenant_unit_id'] === UNIT);
      if (ours) ours['content'] = 'x'.repeat(LARGE_OF_OURS);
    },
    act: ({ send, twin: { conversation } }) =>
      send('POST', `/admin/api/v2/conversations/${conversation}/fork`, { query: unit, body: {} }),
  },
]);

/** What a page of messages costs is told by the largest one of its conversation. */
const largeSteps = NARROWINGS.flatMap((unit): Step[] => {
  const isOfUnit = unit['tenant_unit_id'] !== undefined;
  const listBehindFirst = async ({ send, twin: { conversation } }: World) => {
    for (const order of ['oldest', 'recent'])
      await send('GET', `/admin/api/v2/conversations/${conversation}/messages`, {
        query: { ...unit, order, after_sequence: '1' },
      });
  };
  const setLargest = (rows: Rows, tenant_id: string) => {
    for (const row of rows.get('conversation') ?? [])
      if (isOf(row, { tenant_id, id: twin.conversation })) row['largest_message'] = LARGE;
  };
  return [
    {
      name: `a page beside a conversation of large messages ${JSON.stringify(unit)}`,
      isOfUnit,
      arrange: (rows) => setLargest(rows, VICTIM),
      act: listBehindFirst,
    },
    {
      name: `a page of large messages ${JSON.stringify(unit)}`,
      isOfUnit,
      arrange: (rows) => setLargest(rows, TENANT),
      act: listBehindFirst,
    },
    {
      name: `a large message ${JSON.stringify(unit)}`,
      isOfUnit,
      act: ({ send, twin: { conversation } }) =>
        send('POST', `/admin/api/v2/conversations/${conversation}/messages`, {
          query: unit,
          body: { ...HELLO, content: 'x'.repeat(LARGE) },
        }),
    },
  ];
});

/** Does a job until it has nothing more to do. */
async function done(job: { run: (signal: AbortSignal) => Promise<boolean> }): Promise<void> {
  while (await job.run(new AbortController().signal));
}
const purge = async ({ twin, send }: World): Promise<void> => {
  await send('DELETE', `/admin/api/v2/conversations/${twin.conversation}`);
  await done(app.get(MessagePurge));
  const rest = await database.query<Row[]>(
    'SELECT id FROM message WHERE tenant_id = ? AND conversation_id = ?',
    [TENANT, twin.conversation],
  );
  expect(rest).toEqual([]);
};
const deletedBeside = (claimed_until: string) => (rows: Rows) =>
  rows.get('deleted_conversation')?.push(
    ...(rows.get('conversation') ?? [])
      .filter(({ tenant_id }) => tenant_id === VICTIM)
      .map(({ tenant_id, id, tenant_unit_id, message_count }) => ({
        tenant_id,
        id,
        tenant_unit_id,
        message_count,
        purged_sequence: 0,
        claimed_until,
      })),
  );
const CREATE = OPERATIONS.find(({ id }) => id === 'createConversation');
const jobSteps: Step[] = [
  {
    name: 'the purge of a conversation whose twin is deleted, and worked on by another replica',
    arrange: deletedBeside('2999-01-01 00:00:00.000'),
    act: purge,
  },
  {
    name: 'the purge of a conversation whose twin is deleted as well',
    arrange: deletedBeside('1970-01-01 00:00:00.000'),
    act: purge,
    mayTouch: true,
  },
  {
    name: 'a key that has expired',
    arrange: (rows) => {
      for (const row of rows.get('idempotency_record') ?? []) row['expires_time'] = '2000-01-01 00:00:00.000';
    },
    act: ({ send }) =>
      send('POST', '/admin/api/v2/conversations', {
        body: CREATE?.body,
        key: keyOf('createConversation', {}, 'both'),
      }),
  },
  {
    name: 'a request in doubt whose key only the other tenant has used',
    act: async () => {
      const scope = TenantScope.grant(TENANT, null, NOBODY);
      const [key] = rowsOfTheirs.get('idempotency_record') ?? [];
      const isKept = await app
        .get(Transactions)
        .run(scope, (transaction) =>
          app.get(IdempotencyRepository).isKept(scope, transaction, String(key?.['id'])),
        );
      expect(isKept).toBe(false);
    },
  },
  {
    name: 'the retention of events',
    act: async () => {
      const scope = TenantScope.grant(TENANT, null, NOBODY);
      const epoch = String(rowsOfTwin.get('feed')?.[0]?.['epoch']);
      await app.get(Transactions).run(scope, async (transaction) => {
        await app.get(EventsRepository).removeUpTo(scope, transaction, epoch, 4);
        await app.get(FeedsRepository).shorten(scope, transaction, epoch, 5);
      });
      await app
        .get(Transactions)
        .run(scope, (transaction) => app.get(FeedsRepository).remove(scope, transaction, epoch));
    },
  },
  {
    name: 'events on their way to a feed',
    isOfUnit: true,
    act: async () => {
      const scope = TenantScope.grant(TENANT, UNIT, NOBODY);
      const pending = {
        id: 'pending',
        conversationId: twin.conversation,
        tenantUnitId: UNIT,
        type: 'message.updated',
        eventTime: '2026-01-31T08:00:00.000Z',
        version: 1,
        eventCount: 1,
        data: '[]',
      } as const;
      await app
        .get(Transactions)
        .run(scope, (transaction) => app.get(PendingEventsRepository).add(scope, transaction, [pending]));
    },
  },
];

/** What of a lane and of retries says when they are due. */
const allDue = (rows: Rows) => {
  const never = '1970-01-01 00:00:00.000';
  const awake = { due_time: never, claimed_until: never, wake_time: never };
  for (const row of rows.get('webhook_lane') ?? [])
    Object.assign(row, { ...awake, failures: 0, failing_since: null });
  for (const row of rows.get('webhook_retry') ?? []) row['due_time'] = never;
};

/** Gives each lane of the tenant that is due a turn, or each of the unit. */
async function takeTurns(unit?: string): Promise<void> {
  const { lanes } = await app.get(DueLanesRepository).find(new Date(), new Date(0), 1_000);
  const own = lanes.filter(({ lane }) => lane.tenantId === TENANT && (!unit || lane.tenantUnitId === unit));
  for (const { scope, lane } of own.toSorted((a, b) => (a.lane.id < b.lane.id ? -1 : 1)))
    await app.get(LaneTurn).take(scope, lane, new AbortController().signal);
}

const versionOfTheirs = () =>
  rowsOfTheirs.get('webhook')?.find(({ id }) => id === theirs.webhook)?.['version'];
const OF_DELIVERIES = { webhook_lane: 'id', webhook_retry: 'position', webhook_attempt: 'id' };
const deliverySteps = NARROWINGS.flatMap((unit): Step[] => {
  const isOfUnit = unit['tenant_unit_id'] !== undefined;
  /** Who has been sent what, and how far deliveries are. */
  const deliver = async ({ show, send, twin: { webhook } }: World) => {
    receiver.received.length = 0;
    await takeTurns(unit['tenant_unit_id']);
    show(receiver.received.map(({ id, type, data }) => ({ id, type, data })));
    for (const [table, order] of Object.entries(OF_DELIVERIES))
      show(
        await database.query<Row[]>(
          `SELECT * FROM ${table} WHERE tenant_id = ? AND (tenant_unit_id IS NULL OR tenant_unit_id <> ?) ORDER BY ${order}`,
          [TENANT, OTHER_UNIT],
        ),
      );
    await send('GET', `/admin/api/v2/webhooks/${webhook}/attempts`, { query: unit });
  };
  const answering = (name: string, answer: typeof receiver.answer): Step => ({
    name: `deliveries to ${name} ${JSON.stringify(unit)}`,
    isOfUnit,
    arrange: allDue,
    act: (world) => {
      receiver.answer = answer;
      return deliver(world);
    },
  });
  return [
    answering('a receiver that takes them', receiverAnswers.ok),
    answering('one that fails', receiverAnswers.status(500)),
    {
      ...answering('one that fails for the first time', receiverAnswers.status(500)),
      arrange: (rows) => {
        rows.set('webhook_retry', []);
        allDue(rows);
      },
    },
    answering('one that is gone', receiverAnswers.status(410)),
    {
      name: `a replay from the middle of another ${JSON.stringify(unit)}`,
      isOfUnit,
      arrange: allDue,
      act: async (world) => {
        const { send, twin } = world;
        const { body } = await me.get('/events', { query: unit });
        const after = String(body.data[1]?.id);
        await send('POST', `/admin/api/v2/webhooks/${twin.webhook}/replay`, { query: unit, body: { after } });
        await deliver(world);
      },
    },
    {
      name: `a webhook that is switched off and on again ${JSON.stringify(unit)}`,
      isOfUnit,
      arrange: allDue,
      act: async (world) => {
        const path = `/admin/api/v2/webhooks/${world.twin.webhook}`;
        for (const enabled of [false, true])
          await world.send('PATCH', path, { query: unit, body: { enabled } });
        await deliver(world);
      },
    },
    {
      name: `what is only theirs of webhooks ${JSON.stringify(unit)}`,
      isOfUnit,
      act: async ({ theirs: { webhook: id }, show }) => {
        const scope = TenantScope.grant(TENANT, unit['tenant_unit_id'] ?? null, NOBODY);
        const [webhooks, lanes, retries] = [
          app.get(WebhooksRepository),
          app.get(WebhookLanesRepository),
          app.get(WebhookRetriesRepository),
        ];
        const due = await app.get(DueLanesRepository).find(new Date('2999-01-01'), new Date(0), 1_000);
        const lane = due.lanes.find((found) => found.lane.id === id)?.lane;
        const webhook = { ...new Webhook(), id, version: Number(versionOfTheirs()) };
        const retry = rowsOfTheirs.get('webhook_retry')?.find((row) => isOf(row, { webhook_id: id }));
        await app.get(Transactions).run(scope, async (transaction) => {
          show(await webhooks.findLocked(scope, transaction, id));
          show(await lanes.findLocked(scope, transaction, id));
          await webhooks.change(scope, transaction, webhook, { ...webhook, description: 'mine' });
          show(lane ? await lanes.advance(scope, transaction, lane, { ...lane, failures: 3 }) : false);
          await lanes.replay(scope, transaction, id, {
            ...{ replayPosition: 0, replayEnd: 0, wakeTime: new Date(0) },
          });
          await lanes.wake(scope, transaction, id, new Date(1));
          await retries.remove(scope, transaction, {
            webhookId: id,
            epoch: String(retry?.['epoch']),
            position: 2 * Number(retry?.['position']) - 1,
          });
          await retries.removeAll(scope, transaction, id);
          await lanes.close(scope, transaction, id);
          await webhooks.remove(scope, transaction, id);
        });
      },
    },
  ];
});
const steps = [
  ...operationSteps,
  ...deliverySteps,
  ...largeSteps,
  ...listSteps,
  ...sliceSteps,
  ...nameSteps,
  ...jobSteps,
];

/** What a tenant has: conversations within and without a unit, messages, and answers to requests with a key. */
async function createThings(name: string): Promise<Thing> {
  const inUnit = { query: { tenant_unit_id: UNIT } };
  await me.post('/conversations', { status: 'paused' });
  await me.post('/conversations', { status: 'paused' }, inUnit);
  const { body: conversation } = await me.post('/conversations', { agent_id: AGENT }, inUnit);
  const ids: string[] = [];
  let webhook = '';
  for (const query of [{}, inUnit.query]) {
    webhook = (await me.post('/webhooks', { url: receiver.url }, { query })).body.id;
    const created: Record<string, { id: string; data: { id: string }[] }> = {};
    for (const operation of OPERATIONS.filter(({ method }) => method === 'POST')) {
      const address = addressOf(operation, { conversation_id: conversation.id, webhook_id: webhook });
      const headers = { 'idempotency-key': keyOf(operation.id, query, name) };
      created[operation.id] = (await me.post(`/${address}`, operation.body, { query, headers })).body;
    }
    const external_id = `taken-${name}`;
    await me.post('/conversations', { external_id }, { query });
    const messages = `/conversations/${conversation.id}/messages`;
    await me.post(messages, { ...HELLO, external_id, if_exists: 'return' }, { query });
    ids.push(created['appendMessage']?.id ?? '', created['appendMessages']?.data[0]?.id ?? '');
  }
  if (testEngine !== 'sqlite') await done(app.get(EventPublisher));
  receiver.answer = receiverAnswers.status(500);
  await takeTurns();
  const [first = '', ...others] = ids;
  return { conversation: conversation.id, first, message: others.at(-1) ?? '', webhook };
}

/** All rows of a tenant. */
async function rowsOf(tenant: string): Promise<Rows> {
  const rows: Rows = new Map();
  for (const name of tables)
    rows.set(name, await database.query<Row[]>(`SELECT * FROM ${name} WHERE tenant_id = ?`, [tenant]));
  return rows;
}

/** The victim's row beside one of the other tenant: the same but for what it says, so that a mix-up shows. */
const DISGUISES: Record<string, Row> = {
  conversation: { topic: 'The victim' },
  message: { content: 'The victim', created_time: '1999-01-01 00:00:00.000' },
  message_name: { sequence: 2 },
  idempotency_record: { fingerprint: 'of the victim' },
  event: { version: 77 },
  feed: { last_position: 3 },
  webhook: { description: 'The victim', types: 'conversation.deleted', secret: 'unsealed.whsec_dmljdGlt' },
  webhook_lane: { replay_position: 1, replay_end: 3 },
  webhook_retry: { attempts: 7 },
  webhook_attempt: { type: 'of the victim', status: 299 },
};
/** Every counter that a change could touch, because the shard is chosen by chance. */
const countersOf = (tenant_id: string, units: readonly string[]): Row[] =>
  RUN_STATUSES.flatMap((status) =>
    ['', AGENT].flatMap((agent_id) =>
      units.flatMap((tenant_unit_id) =>
        Array.from({ length: SHARDS }, (_, shard) => ({
          tenant_id,
          agent_id,
          status,
          tenant_unit_id,
          shard,
          total: 1,
        })),
      ),
    ),
  );

let theirs: Thing;
let twin: Thing;
let rowsOfTheirs: Rows;
let rowsOfTwin: Rows;

/**
 * The first message of the twin is there in the neighbour's rows only. Beside a unit no request could make it, as its
 * conversation is of another one: it shows whether messages are asked for their own unit.
 */
const STRAY = newMessageId(new Date(), 1);

/** Events of two, one between each of the other's. */
const spread = (rows: readonly Row[], before: number): Row[] =>
  rows.map((row) => ({
    ...row,
    ...('position' in row && { position: 2 * Number(row['position']) - before }),
    ...('last_position' in row && { last_position: 2 * Number(row['last_position']) }),
    ...('replay_end' in row && { replay_end: 2 * Number(row['replay_end']) }),
  }));

function rowsBeside(table: string, neighbour: Neighbour): Row[] {
  const all = spread(rowsOfTwin.get(table) ?? [], 0);
  const others = spread(rowsOfTheirs.get(table) ?? [], 1);
  const own = all.filter(({ id }) => id !== twin.first);
  const neighbours: Row[] = {
    nobody: () => [],
    tenant: () =>
      table === 'conversation_count'
        ? countersOf(VICTIM, ['', UNIT])
        : [...(table === 'feed' ? [] : others), ...all].map((row) => ({ ...row, tenant_id: VICTIM })),
    unit: () => rowsOfUnit(table, all).map((row) => ({ ...row, tenant_unit_id: OTHER_UNIT })),
  }[neighbour]();
  const disguised = neighbours.map((row) => ({
    ...row,
    ...DISGUISES[table],
    ...(row['id'] === twin.first && { id: STRAY }),
  }));
  return [...disguised, ...own];
}

/** The position of an event of the unit that no retry is about. */
const lastOfUnit = (): number =>
  2 *
  Math.max(
    ...(rowsOfTwin.get('event') ?? [])
      .filter((row) => isOf(row, { tenant_unit_id: UNIT, type: 'message.created' }))
      .map(({ position }) => Number(position)),
  );

function rowsOfUnit(table: string, twins: readonly Row[]): Row[] {
  if (table === 'conversation_count') return countersOf(TENANT, [OTHER_UNIT]);
  // Keys belong to the credential, which is the same here.
  if (table === 'idempotency_record') return [];
  // Units share the feed of their tenant.
  if (table === 'feed') return [];
  const theirOwn = spread(rowsOfTheirs.get(table) ?? [], 1);
  // Older and newer than all that is in the unit.
  if (table === 'conversation')
    return [...theirOwn, ...twins.map((row) => ({ ...row, id: newId() }))].map((row: Row) => ({
      ...row,
      ...(row['external_id'] !== null && { external_unit_id: OTHER_UNIT + String(row['external_unit_id']) }),
    }));
  if (table === 'message_name')
    return [...theirOwn, ...twins.map((row) => ({ ...row, external_id: TAKEN.stray, sequence: 1 }))];
  if (table === 'webhook') return [...theirOwn, ...twins.map((row) => ({ ...row, id: newId() }))];
  // Of the same webhooks: no request could make these, but they show whether each is asked for its own unit.
  if (table === 'webhook_attempt') return [...theirOwn, ...twins.map((row) => ({ ...row, id: newId() }))];
  if (table === 'webhook_retry')
    return [...theirOwn, ...twins.map((row) => ({ ...row, position: lastOfUnit() }))];
  return [...theirOwn, ...twins.filter(({ id }) => id === twin.first)];
}

/** All that somebody sees of a step, beside a neighbour or alone. Throws when a row of the neighbour was touched. */
async function seenIn(step: Step, neighbour: Neighbour, place?: OwnerPlace): Promise<string> {
  const rows: Rows = new Map(tables.map((table) => [table, rowsBeside(table, neighbour)]));
  step.arrange?.(rows, neighbour);
  await inOneTransaction(async (runner) => {
    for (const table of tables) await runner.query(`DELETE FROM ${table}`);
    for (const [table, all] of rows)
      for (const tenant of [VICTIM, TENANT])
        await insertAll(
          runner,
          table,
          all.filter(({ tenant_id }) => tenant_id === tenant),
        );
    await runner.query('DELETE FROM touched');
  });
  receiver.answer = receiverAnswers.ok;
  const answers: unknown[] = [];
  const send: World['send'] = async (method, path, { body, query = {}, key } = {}) => {
    const headers = { 'x-request-id': 'x', ...(key !== undefined && { 'idempotency-key': key }) };
    const answer = await me.send(method, `/${path}`, body, { query, headers });
    const { etag, location, 'idempotency-replayed': replayed } = answer.headers;
    answers.push({ method, path, query, status: answer.status, etag, location, replayed, body: answer.body });
  };
  if (place) mutator.mutate(place, place.column === 'tenant_id' ? VICTIM : OTHER_UNIT);
  try {
    await step.act({ theirs, twin, send, show: (something) => answers.push(something) });
  } finally {
    mutator.heal();
  }
  const touched = await database.query<Row[]>('SELECT DISTINCT * FROM touched');
  if (!step.mayTouch) {
    expect(touched.filter(({ tenant_id }) => tenant_id !== TENANT)).toEqual([]);
    expect(touched.filter(({ tenant_unit_id }) => tenant_unit_id === OTHER_UNIT)).toEqual([]);
  }
  return masked(JSON.stringify(answers, null, 1));
}

/** Without what differs from one run to the next. */
function masked(text: string): string {
  const ids = new Map<string, number>();
  const numberOf = (id: string) => ids.get(id) ?? ids.set(id, ids.size).size - 1;
  return text
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g, (id) => `#${numberOf(id)}`)
    .replaceAll(/\d{4}-\d\d-\d\d[T ][\d:.]+Z?/g, 'a time')
    .replaceAll(/"duration_ms": \d+/g, '"duration_ms": 0')
    .replaceAll(/whsec_[\w+/=]+/g, 'a secret')
    .replaceAll(/"(next_)?cursor": "[^"]+"/g, '"cursor": "a cursor"');
}

/** What each step looks like for somebody who is alone, and which statements it sends. */
const alone = new Map<Step, string>();
const sentBy = new Map<Step, OwnerPlace[]>();
const placeOf = (place: OwnerPlace) => JSON.stringify(place);

beforeAll(async () => {
  if (testEngine === 'sqlite')
    for (const dataSource of [database, app.get(DataSource)])
      await dataSource.query('PRAGMA synchronous = OFF');
  theirs = await createThings('theirs');
  rowsOfTheirs = await rowsOf(TENANT);
  await inOneTransaction(async (runner) => {
    for (const table of tables) await runner.query(`DELETE FROM ${table}`);
  });
  twin = await createThings('both');
  rowsOfTwin = await rowsOf(TENANT);
  await database.query(
    'CREATE TABLE touched (tenant_id VARCHAR(64), tenant_unit_id VARCHAR(64), table_name VARCHAR(64))',
  );
  for (const table of tables)
    for (const [event, row] of Object.entries({ INSERT: 'NEW', UPDATE: 'OLD', DELETE: 'OLD' })) {
      const unit = table === 'feed' ? 'NULL' : `${row}.tenant_unit_id`;
      await database.query(
        `CREATE TRIGGER touch_${table}_${event} AFTER ${event} ON ${table} FOR EACH ROW BEGIN INSERT INTO touched VALUES (${row}.tenant_id, ${unit}, '${table}'); END`,
      );
    }
  for (const step of steps) alone.set(step, await seenIn(step, 'nobody'));
}, 120_000);

const named = (some: readonly Step[]) => some.map((step) => [step.name, step] as const);

describe('beside another tenant that has the same ids', () => {
  it.each(named(steps))('nobody notices it: %s', async (_, step) => {
    let seen = '';
    sentBy.set(step, await mutator.placesIn(async () => (seen = await seenIn(step, 'tenant'))));
    expect(seen).toBe(alone.get(step));
  });
});

describe('beside another unit of the same tenant', () => {
  it.each(named(steps.filter(({ isOfUnit }) => isOfUnit)))('nobody notices it: %s', async (_, step) => {
    expect(await seenIn(step, 'unit')).toBe(alone.get(step));
  });
});

/** Read by the id of a fork that the same transaction has made: nobody else can have it. */
const FOUND_BY_NEW_ID = ['MessagesRepository.listToldIn'];
/** The look over all webhooks names tenants to share places, and each lane that it finds is worked on as its own tenant's. */
const LOOK_ACROSS_TENANTS = /^SELECT \* FROM \(\s*SELECT \* FROM webhook_lane\s/;
/**
 * Ids are of one unit only, so what these change by its whole key is found by its unit in the same transaction:
 * before, with a lock, or right behind, where the change is undone. What they leave out of it cannot show.
 */
const FOUND_BY_UNIT_BESIDE = [
  'ConversationsRepository.raiseLargestMessage',
  'MessagesRepository.listRangeIn',
  'ConversationsRepository.change',
  'ConversationsRepository.findNamedLocked',
  'ConversationsRepository.remove',
  'WebhooksRepository.change',
  'ConversationsRepository.reserveSequences',
  'MessagesRepository.change',
  'MessagesRepository.findCreatedTimeIn',
  'MessagesRepository.listBySequencesIn',
];

// Once is enough: the statements are the same on a server, which may be sent several of them at once.
if (testEngine === 'sqlite') {
  describe('the statements of these steps', () => {
    it('come from every method of every repository', () => {
      const used = new Set([...sentBy.values()].flat().map(({ method }) => method));
      const unused = [...mutator.methods].filter((method) => !used.has(method));
      expect(unused).toEqual([]);
    });

    it('are missed in each place where one of them no longer names the tenant', async () => {
      const survivors = await survivorsOf('tenant_id');
      const unexpected = survivors.filter(
        ({ method, shape }) => !FOUND_BY_NEW_ID.includes(method) && !LOOK_ACROSS_TENANTS.test(shape),
      );
      expect(unexpected).toEqual([]);
    }, 300_000);

    it('are missed in each place where one of them no longer names the unit', async () => {
      const survivors = await survivorsOf('tenant_unit_id');
      const unexpected = survivors.filter(
        ({ method, occurrence }) =>
          ![...FOUND_BY_UNIT_BESIDE, ...FOUND_BY_NEW_ID].includes(method) &&
          // Its own names are asked for by their unit: that is the second place.
          !(method === 'MessagesRepository.listByNamesIn' && occurrence === 0),
      );
      expect(unexpected).toEqual([]);
    }, 300_000);
  });
}

/** The places that nobody notices to be mutated. Where tests are not deep, one place of each method is tried. */
async function survivorsOf(column: OwnerColumn): Promise<OwnerPlace[]> {
  const places = [...sentBy.values()].flat().filter((place) => place.column === column);
  const tried = new Map(places.map((place) => [isDeep ? placeOf(place) : place.method, place]));
  expect(tried.size).toBeGreaterThan(0);
  const survivors: OwnerPlace[] = [];
  for (const place of tried.values()) if (!(await isNoticed(place))) survivors.push(place);
  return survivors;
}

/** Whether a step that sends a statement goes otherwise when it is mutated. */
async function isNoticed(place: OwnerPlace): Promise<boolean> {
  const neighbour = place.column === 'tenant_id' ? 'tenant' : 'unit';
  for (const [step, places] of sentBy) {
    if (neighbour === 'unit' && !step.isOfUnit) continue;
    if (!places.some((one) => placeOf(one) === placeOf(place))) continue;
    const seen = await seenIn(step, neighbour, place).catch(() => 'failed');
    if (seen !== alone.get(step)) return true;
  }
  return false;
}
