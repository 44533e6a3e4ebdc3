import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import { DataSource } from 'typeorm';
import { newId } from '../../src/common/ids.js';
import { newMessageId } from '../../src/messages/new-message-id.js';
import { RUN_STATUSES } from '../../src/conversations/run-status.js';
import { SERVICE } from '../../src/identity/service-principal.js';
import { TenantScope } from '../../src/identity/tenant-scope.js';
import { JobRunner } from '../../src/jobs/job-runner.js';
import { DueLanesRepository } from '../../src/webhooks/delivery/due-lanes.repository.js';
import { WebhookRetriesRepository } from '../../src/webhooks/delivery/webhook-retries.repository.js';
import { createTestApp } from '../support/create-test-app.js';
import { insertAll } from '../support/tenant-rows.js';

// Jobs would send statements beside those of the requests; on SQLite those that requests wake are not looked at.
const { app, as, watcher } = await createTestApp(
  testEngine === 'sqlite' ? {} : { environment: { ROLES: 'api' } },
);
await app.get(JobRunner).beforeApplicationShutdown();
const dataSource = app.get(DataSource);

const TENANTS = { acme: 4_000, bolt: 1_500, tiny: 20 };
const MESSAGES = 2_500;
const LONG_CONVERSATION = newId();
const AGENT = '5e0f1f5e-6a39-4b8e-9f5c-0a4b7d1c9a3';
const sent = jest.spyOn(watcher, 'see');

const timeOf = (n: number) =>
  new Date(1_780_000_000_000 + n * 1000).toISOString().replace('T', ' ').replace('Z', '');

const conversation = (tenant: string, id: string, n: number) => ({
  tenant_id: tenant,
  id,
  tenant_unit_id: `unit-${n % 4}`,
  topic: 'A topic',
  status: RUN_STATUSES[n % RUN_STATUSES.length],
  agent_id: `${AGENT}${n % 10}`,
  assignment_id: `assignment-${n % 100}`,
  user_id: `user-${n % 50}`,
  inputs: '{}',
  extend_properties: '{}',
  message_count: id === LONG_CONVERSATION ? MESSAGES : 1,
  version: 1,
  created_time: timeOf(n),
  updated_time: timeOf((n * 7919) % 100_000),
});

const message = (tenant: string, conversationId: string, sequence: number) => ({
  tenant_id: tenant,
  conversation_id: conversationId,
  sequence,
  id: newMessageId(new Date(), sequence),
  tenant_unit_id: 'unit-0',
  message_from: 'user',
  content: 'Hello',
  requested_time: timeOf(sequence),
  input_tokens: 0,
  answer_tokens: 0,
  total_tokens: 0,
  metadata: '{}',
  version: 1,
  created_time: timeOf(sequence),
  updated_time: timeOf(sequence),
});

beforeAll(async () => {
  for (const [tenant, count] of Object.entries(TENANTS)) {
    const ids = Array.from({ length: count }, (_, n) =>
      tenant === 'acme' && n === 0 ? LONG_CONVERSATION : newId(),
    );
    await insertAll(
      dataSource,
      'conversation',
      ids.map((id, n) => conversation(tenant, id, n)),
    );
    await insertAll(
      dataSource,
      'message',
      ids.map((id) => message(tenant, id, 1)),
    );
  }
  await insertAll(
    dataSource,
    'message',
    Array.from({ length: MESSAGES - 1 }, (_, n) => message('acme', LONG_CONVERSATION, n + 2)),
  );
  await dataSource.query(
    `INSERT INTO conversation_count (tenant_id, agent_id, status, tenant_unit_id, shard, total)
     SELECT tenant_id, agent_id, status, tenant_unit_id, 0, COUNT(*) FROM conversation
     GROUP BY tenant_id, agent_id, status, tenant_unit_id`,
  );
  if (testEngine !== 'sqlite') {
    await dataSource.query('ANALYZE TABLE conversation, message, conversation_count');
  }
  sent.mock.calls.length = 0;
}, 60_000);

interface Plan {
  sql: string;
  /** The indexes along which rows of the tables are read. */
  indexes: string[];
  /** Sorts rows of a table; not the few keys of a page that were found along an index. */
  sorts: boolean;
  /** Reads rows of all tenants. */
  scans: boolean;
}

/** What a request asks the database; not the work that goes on beside it. */
async function statementsOf(request: () => Promise<{ status: number }>): Promise<[string, unknown[]][]> {
  sent.mock.calls.length = 0;
  expect((await request()).status).toBeLessThan(300);
  return sent.mock.calls
    .splice(0)
    .filter(
      ([sql]) =>
        /^\s*(SELECT|UPDATE|DELETE)\b/.test(sql) &&
        !/["`](deleted_conversation|idempotency_record)["`]/.test(sql),
    );
}

async function plansOf(request: () => Promise<{ status: number }>): Promise<Plan[]> {
  const statements = await statementsOf(request);
  const explain = testEngine === 'sqlite' ? explainSqlite : explainOnServer;
  return Promise.all(statements.map(([sql, parameters]) => explain(sql, parameters)));
}

async function explainOnServer(sql: string, parameters: unknown[]): Promise<Plan> {
  const steps: { table: string | null; type: string; key: string | null; Extra: string }[] =
    await dataSource.query(`EXPLAIN FORMAT=TRADITIONAL ${sql}`, parameters);
  const ofTables = steps.filter(({ table }) => table !== null && !table.startsWith('<'));
  return {
    sql,
    indexes: distinct(ofTables.filter(({ table }) => table !== 'found').map(({ key }) => key ?? 'none')),
    sorts: ofTables.some(({ Extra }) => /filesort|temporary/.test(Extra)),
    scans: ofTables.some(({ type }) => type === 'ALL' || type === 'index'),
  };
}

async function explainSqlite(sql: string, parameters: unknown[]): Promise<Plan> {
  const steps: { parent: number; detail: string }[] = await dataSource.query(
    `EXPLAIN QUERY PLAN ${sql}`,
    parameters,
  );
  const isOfTable = ({ detail }: { detail: string }) =>
    /^(SEARCH|SCAN) (conversation|message|event|feed|webhook)/.test(detail);
  const ofTables = steps.filter(isOfTable);
  const nextToTables = steps.filter(({ parent }) => ofTables.some((step) => step.parent === parent));
  return {
    sql,
    indexes: distinct(
      ofTables.map(({ detail }) =>
        (/INDEX (\w+)/.exec(detail)?.[1] ?? 'none').replace(/^sqlite_autoindex_\w+_1$/, 'PRIMARY'),
      ),
    ),
    sorts: nextToTables.some(({ detail }) => detail.includes('TEMP B-TREE')),
    scans: steps.some(({ detail }) => /^SCAN (conversation|message|event|feed|webhook|found)/.test(detail)),
  };
}

const distinct = (names: string[]) => [...new Set(names)];

const acme = as({ tenant: 'acme', sub: 'ada' });
const bolt = as({ tenant: 'bolt', sub: 'ada' });
const LATE = new Date(1_780_000_000_000 + 99_000_000).toISOString();

interface List {
  query: Record<string, string>;
  /** Has the rows in order of creation. */
  index: string;
}

const LISTS: Record<string, List> = {
  'no filter': { query: {}, index: 'PRIMARY' },
  assignment_id: { query: { assignment_id: 'assignment-3' }, index: 'conversation_by_assignment_id' },
  agent_id: { query: { agent_id: `${AGENT}3` }, index: 'conversation_by_agent_id' },
  user_id: { query: { user_id: 'user-3' }, index: 'conversation_by_user_id' },
  status: { query: { status: 'failed' }, index: 'conversation_by_status' },
  'several statuses': { query: { statuses: 'failed,paused' }, index: 'conversation_by_status' },
  created_after: { query: { created_after: '2026-01-01T00:00:00Z' }, index: 'PRIMARY' },
  created_before: { query: { created_before: '2036-01-01T00:00:00Z' }, index: 'PRIMARY' },
  tenant_unit_id: { query: { tenant_unit_id: 'unit-2' }, index: 'conversation_by_tenant_unit_id' },
  'unit and agent': {
    query: { tenant_unit_id: 'unit-0', agent_id: `${AGENT}4` },
    index: 'conversation_by_unit_agent_id',
  },
  'unit and user': {
    query: { tenant_unit_id: 'unit-0', user_id: 'user-4' },
    index: 'conversation_by_unit_user_id',
  },
  'unit and assignment': {
    query: { tenant_unit_id: 'unit-0', assignment_id: 'assignment-4' },
    index: 'conversation_by_unit_assignment_id',
  },
  'unit and status': {
    query: { tenant_unit_id: 'unit-0', status: 'completed' },
    index: 'conversation_by_unit_status',
  },
};

/** The plans of pages: the first, the second, and the one behind a cursor; and of their totals. */
async function plansOfPages(query: Record<string, string>): Promise<{ pages: Plan[]; totals: Plan[] }> {
  const full = { page_size: '5', ...query };
  const first = await acme.get('/conversations', { query: full });
  expect(first.body.data).toHaveLength(5);
  const { next_cursor: cursor } = first.body;
  const plans = [
    ...(await plansOf(() => acme.get('/conversations', { query: full }))),
    ...(await plansOf(() => acme.get('/conversations', { query: { ...full, page_num: 2 } }))),
    ...(await plansOf(() => acme.get('/conversations', { query: { ...full, cursor } }))),
  ];
  const isPage = ({ sql }: Plan) => sql.includes('ORDER BY');
  const pages = plans.filter(isPage);
  expect(pages).toHaveLength(3);
  return { pages, totals: plans.filter((plan) => !isPage(plan)) };
}

const walking = (index: string, pages = 3) =>
  Array.from({ length: pages }, () => ({ indexes: [index], sorts: false, scans: false }));

describe.each(['recent', 'oldest'])('the list in order %s', (order) => {
  it.each(Object.entries(LISTS))('walks an index with %s', async (_name, { query, index }) => {
    const { pages, totals } = await plansOfPages({ ...query, order });

    expect(pages).toMatchObject(walking(index));
    for (const total of totals) expect(total).toMatchObject({ sorts: false, scans: false });
  });
});

describe('the list in order active', () => {
  // The walk is long where a filter that is not in the index lets few rows through: all of the tenant's (or unit's), if there are none.
  it.each([...Object.entries(LISTS), ['updated_after', { query: { updated_after: LATE } }] as const])(
    'walks the activity with %s',
    async (name, { query }) => {
      const { pages } = await plansOfPages({ ...query, order: 'active' });

      const index =
        name === 'user_id'
          ? 'conversation_by_user_activity'
          : `conversation_by_${'tenant_unit_id' in query ? 'unit_' : ''}activity`;
      const byActivity = pages.filter(({ indexes }) => indexes.join() === index);
      for (const page of pages) expect(page.scans).toBe(false);
      for (const page of byActivity) expect(page.sorts).toBe(false);
      // SQLite chooses by itself, and sorts the first pages where creation time is bounded or a filter narrows well.
      if (testEngine !== 'sqlite') expect(pages).toMatchObject(walking(index));
    },
  );
});

describe('what is found by a name of the client', () => {
  it.each(['recent', 'oldest', 'active'])('is looked up as a conversation, in order %s', async (order) => {
    await acme.post('/conversations', { external_id: 'named', if_exists: 'return' });
    for (const more of [{}, { tenant_unit_id: 'unit-1' }, { page_num: '2' }] as Record<string, string>[]) {
      const query = { external_id: 'named', order, ...more };

      const plans = await plansOf(() => acme.get('/conversations', { query }));

      for (const plan of plans) expect(plan).toMatchObject({ scans: false });
      expect(plans.find(({ sql }) => sql.includes('ORDER BY'))?.indexes).toEqual([
        'conversation_by_external_id',
      ]);
    }
  });

  it('is looked up as a message, before an append too, and forked without a scan', async () => {
    const messages = `/conversations/${LONG_CONVERSATION}/messages`;
    const named = { message_from: 'user', content: 'x', external_id: 'named', if_exists: 'return' };
    await acme.post(messages, named, { query: { tenant_unit_id: 'unit-0' } });
    const requests = [
      () => acme.get(messages, { query: { external_id: 'named' } }),
      () => acme.post(messages, named),
      () => acme.post(messages, { ...named, external_id: 'another', expected_last_sequence: MESSAGES + 1 }),
      () => acme.post(`/conversations/${LONG_CONVERSATION}/fork`, { up_to_sequence: 150 }),
    ];

    for (const request of requests)
      for (const plan of await plansOf(request))
        expect(plan).toMatchObject({ indexes: ['PRIMARY'], sorts: false, scans: false });
  });
});

// SQLite has no such counters that its driver shows; its plans are looked at above.
if (testEngine !== 'sqlite') {
  /** Rows that the engine reads for a statement: of tables and indexes, and of what it keeps in between. */
  const rowsReadBy = async ([sql, parameters]: [string, unknown[]]): Promise<number> => {
    await using runner = dataSource.createQueryRunner();
    const counted = async () => {
      const counters: { Value: string }[] = await runner.query("SHOW SESSION STATUS LIKE 'Handler_read%'");
      return counters.reduce((sum, { Value }) => sum + Number(Value), 0);
    };
    // To ask is to read, too.
    const empty = await counted();
    const before = await counted();
    await runner.query(sql, parameters);
    return (await counted()) - before - (before - empty);
  };

  /** For the first page, the second, and the one behind a cursor. */
  const rowsReadForPages = async (client: typeof acme, query: Record<string, string>): Promise<number[]> => {
    const full = { page_size: '5', ...query };
    const first = await client.get('/conversations', { query: full });
    expect(first.body.data).toHaveLength(5);
    const rows: number[] = [];
    const pages: Record<string, string>[] = [{}, { page_num: '2' }, { cursor: first.body.next_cursor }];
    for (const page of pages) {
      const statements = await statementsOf(() =>
        client.get('/conversations', { query: { ...full, ...page } }),
      );
      const lists = statements.filter(([sql]) => sql.includes('ORDER BY'));
      expect(lists).toHaveLength(1);
      for (const list of lists) rows.push(await rowsReadBy(list));
    }
    return rows;
  };

  const ACTIVE: Record<string, Record<string, string>> = {
    'no filter': {},
    tenant_unit_id: { tenant_unit_id: 'unit-2' },
    user_id: { user_id: 'user-3' },
  };
  const bounded = [
    ...['recent', 'oldest'].flatMap((order) =>
      Object.entries(LISTS).map(([name, { query }]) => [order, name, query] as const),
    ),
    ...Object.entries(ACTIVE).map(([name, query]) => ['active', name, query] as const),
  ];

  describe('the rows that a page reads', () => {
    it.each(bounded)('do not grow with the tenant: %s, %s', async (order, _name, query) => {
      const small = await rowsReadForPages(bolt, { ...query, order });
      const large = await rowsReadForPages(acme, { ...query, order });

      for (const rows of small) expect(rows).toBeGreaterThan(0);
      expect(large.map((rows, page) => rows <= (small[page] ?? 0))).toEqual([true, true, true]);
    });

    it('are all of the tenant’s where no index has the filter in the order of the list', async () => {
      const query = { order: 'active', agent_id: 'nobody' };
      const [page] = (await statementsOf(() => acme.get('/conversations', { query }))).filter(([sql]) =>
        sql.includes('ORDER BY'),
      );

      // Without it the counters above could as well count nothing.
      expect(page && (await rowsReadBy(page))).toBeGreaterThanOrEqual(TENANTS.acme);
    });
  });
}

describe('a page far behind', () => {
  it.each<Record<string, string>>([
    {},
    { order: 'oldest' },
    { status: 'failed', page_num: '22' },
    { statuses: 'failed,paused', page_num: '22' },
  ])('is found among keys alone, and sorts no rows: %o', async (query) => {
    const plans = await plansOf(() =>
      acme.get('/conversations', { query: { page_size: '50', page_num: '60', ...query } }),
    );

    expect(plans.length).toBeGreaterThan(0);
    for (const plan of plans) expect(plan).toMatchObject({ sorts: false, scans: false });
  });
});

describe('filters together', () => {
  it.each<Record<string, string>>([
    { agent_id: `${AGENT}4`, status: 'completed' },
    { user_id: 'user-4', status: 'completed' },
    { tenant_unit_id: 'unit-0', statuses: 'completed,queued' },
  ])('walk one index and sort nothing: %o', async (query) => {
    const { pages } = await plansOfPages(query);

    for (const page of pages) {
      expect(page).toMatchObject({ sorts: false, scans: false });
      expect(page.indexes).toHaveLength(1);
    }
  });

  it('sort on SQLite where activity is bounded and the order is that of creation', async () => {
    const { pages } = await plansOfPages({ updated_after: LATE, order: 'recent' });

    const sorts = testEngine === 'sqlite';
    expect(pages.slice(0, 2)).toMatchObject([1, 2].map(() => ({ sorts, scans: false })));
  });
});

describe('one conversation', () => {
  const path = `/conversations/${LONG_CONVERSATION}`;
  const messages = `${path}/messages`;
  const aMessage = async () => {
    const { body } = await acme.get(messages, { query: { page: 100 } });
    return `${messages}/${body.data[0].id}`;
  };
  const onlyByKey = async (request: () => Promise<{ status: number }>) => {
    const plans = await plansOf(request);
    expect(plans.length).toBeGreaterThan(0);
    expect(plans).toMatchObject(walking('PRIMARY', plans.length));
  };

  it('is read and changed by its key', async () => {
    await onlyByKey(() => acme.get(path));
    await onlyByKey(() => as({ tenant: 'acme', unit: 'unit-0' }).get(path));
    await onlyByKey(() => acme.patch(path, { topic: 'Another topic' }));
    await onlyByKey(() => acme.patch(`${path}/status`, { status: 'completed' }));
  });

  it.each<Record<string, string | number>>([
    { page: 1 },
    { page: 100 },
    { page: 3, order: 'recent' },
    { after_sequence: 1200 },
    { before_sequence: 1200, order: 'recent' },
  ])('has its messages as a range of the key: %o', async (query) => {
    await onlyByKey(() => acme.get(messages, { query }));
  });

  it('takes messages and finds each by its key', async () => {
    const message = await aMessage();
    await onlyByKey(() => acme.get(message));
    await onlyByKey(() => acme.patch(message, { feedback: 'good' }));
    await onlyByKey(() => acme.post(messages, { message_from: 'user', content: 'Hello' }));
    await onlyByKey(() =>
      acme.post(`${messages}/batch`, { messages: [{ message_from: 'user', content: 'Hi' }] }),
    );
  });

  it('is deleted by its key', async () => {
    const { body } = await acme.post('/conversations');
    const plans = await plansOf(() => acme.delete(`/conversations/${body.id}`));

    expect(plans.length).toBeGreaterThan(0);
    for (const plan of plans) expect(plan).toMatchObject({ sorts: false, scans: false });
  });
});

describe('webhooks', () => {
  const WEBHOOK = newId();
  const NEVER = '2999-01-01 00:00:00.000';
  const ids = [WEBHOOK, ...Array.from({ length: 2_000 }, () => newId())];
  beforeAll(async () => {
    const authorship = { created_time: timeOf(0), updated_time: timeOf(0) };
    const url = 'https://receiver.example/hook';
    for (const tenant_id of ['acme', 'bolt']) {
      const webhook = { tenant_id, url, secret: 'unsealed.whsec_', version: 1, ...authorship };
      // None is due while this story is told.
      const progress = { position: 0, replay_position: 0, replay_end: 0, failures: 0 };
      const lane = {
        epoch: '0000000000',
        ...progress,
        due_time: NEVER,
        claimed_until: timeOf(0),
        wake_time: NEVER,
      };
      await insertAll(
        dataSource,
        'webhook',
        ids.map((id) => ({ ...webhook, id })),
      );
      await insertAll(
        dataSource,
        'webhook_lane',
        ids.map((id) => ({ tenant_id, id, ...lane })),
      );
      const attempt = { type: 'message.created', attempt: 1, duration_ms: 1, outcome: 'failed' };
      await insertAll(
        dataSource,
        'webhook_attempt',
        ids.map((_, n) => ({
          tenant_id,
          webhook_id: WEBHOOK,
          id: newId(),
          event_id: `0000000000-${n + 1}`,
          time: timeOf(n),
          ...attempt,
        })),
      );
      await insertAll(
        dataSource,
        'webhook_retry',
        ids.map((webhook_id) => ({
          ...{ tenant_id, webhook_id, epoch: '0000000000', position: 1, attempts: 1 },
          due_time: NEVER,
        })),
      );
    }
    if (testEngine !== 'sqlite')
      await dataSource.query('ANALYZE TABLE webhook, webhook_lane, webhook_attempt, webhook_retry');
  }, 60_000);

  const manager = as({ tenant: 'acme' });
  const path = `/webhooks/${WEBHOOK}`;
  it.each<[string, () => Promise<{ status: number }>]>([
    ['listed', () => manager.get('/webhooks', { query: { page_size: 5 } })],
    [
      'listed behind a cursor',
      async () => {
        const { body } = await manager.get('/webhooks', { query: { page_size: 5 } });
        return manager.get('/webhooks', { query: { page_size: 5, cursor: body.next_cursor } });
      },
    ],
    ['read', () => manager.get(path)],
    ['changed', () => manager.patch(path, { description: 'Billing' })],
    ['given another secret', () => manager.post(`${path}/rotate-secret`)],
    ['asked for what was tried', () => manager.get(`${path}/attempts`, { query: { page_size: 5 } })],
    ['sent all again', () => manager.post(`${path}/replay`, { after: 'earliest' })],
    ['disabled', () => manager.patch(path, { enabled: false })],
    ['deleted', () => manager.delete(path)],
  ])('are %s by their key', async (_, request) => {
    const plans = (await plansOf(request)).filter(({ sql }) => sql.includes('webhook'));

    // Of a row that is gone a server does not say how it would be found.
    expect(distinct(plans.flatMap(({ indexes }) => indexes))).toEqual(['PRIMARY']);
    for (const plan of plans) expect(plan).toMatchObject({ sorts: false, scans: false });
  });

  it('are looked for, whose ever they are, along the indexes of what is due alone', async () => {
    const [{ epoch } = { epoch: '' }] = await dataSource.query<{ epoch: string }[]>(
      "SELECT epoch FROM feed_epoch WHERE id = 'current'",
    );
    const feed = { epoch, first_position: 1, last_position: 1 };
    await insertAll(
      dataSource,
      'feed',
      ids.map((tenant_id, n) => ({ tenant_id, ...feed, published_time: timeOf(n) })),
    );
    const lane = {
      epoch,
      position: 0,
      replay_position: 0,
      replay_end: 0,
      due_time: timeOf(0),
      claimed_until: timeOf(0),
    };
    await insertAll(
      dataSource,
      'webhook_lane',
      [0, 1].map((failures) => ({
        tenant_id: `awake-${failures}`,
        id: newId(),
        ...lane,
        failures,
        wake_time: timeOf(0),
      })),
    );
    await insertAll(
      dataSource,
      'webhook_lane',
      ids.map((tenant_id) => ({ tenant_id, id: newId(), ...lane, failures: 0, wake_time: null })),
    );
    if (testEngine !== 'sqlite') await dataSource.query('ANALYZE TABLE feed, webhook_lane');

    const plans = await plansOf(async () => {
      const { lanes } = await app
        .get(DueLanesRepository)
        .find(new Date(), new Date(`${timeOf(1_999)}Z`), 128);
      expect(lanes.length).toBe(4); // the two that are awake, and two whose feed moved last
      return { status: 200 };
    });

    const planOf = (part: string) => plans.filter(({ sql }) => sql.includes(part));
    expect(planOf('DISTINCT')).toMatchObject([
      { indexes: ['webhook_lane_by_wake_time'], scans: false },
      { indexes: ['webhook_lane_by_wake_time'], scans: false },
    ]);
    expect(planOf('EXISTS')).toMatchObject([
      { indexes: expect.arrayContaining(['feed_by_published_time']), scans: false },
    ]);
    expect(planOf('AS lanes')).toMatchObject([
      { indexes: ['PRIMARY'], scans: false },
      { indexes: ['PRIMARY'], scans: false },
    ]);
  });

  it('have their retries found along the key of its lane', async () => {
    const [id = ''] = ids.slice(1);
    const scope = TenantScope.grant('bolt', null, SERVICE);
    const plans = await plansOf(async () => {
      await app.get(WebhookRetriesRepository).listNext(scope, id, 50);
      return { status: 200 };
    });

    expect(plans).toMatchObject([{ indexes: ['PRIMARY'], scans: false }]);
  });
});
