import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setClock, startClock, stopClock } from '../support/clock.js';
import { createTestApp } from '../support/create-test-app.js';
import { detailAt, expectProblem } from '../support/problems.js';
import { RUN_STATUSES } from '../support/samples.js';
import type { TestClient } from '../support/test-client.js';

type Query = Record<string, string | number | readonly string[]>;

const START = Date.parse('2030-01-31T08:00:00.000Z');
const at = (ms: number) => new Date(START + ms).toISOString();
const { as } = await createTestApp();
const ada = as({ tenant: 'acme', sub: 'ada' });

/** Nine conversations: c0 is made at START, each next one 10 ms after it; c1 and c2 are made in the same millisecond. */
const names = ['c0', 'c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'c7', 'c8'];
const made: { body: Record<string, unknown>; query?: Query }[] = [
  { body: { status: 'queued', assignment_id: 'a1', agent_id: agent(1), user_id: 'eve' } },
  { body: { status: 'running', assignment_id: 'a1', agent_id: agent(1), user_id: 'mallory' } },
  { body: { status: 'failed', assignment_id: 'a1', agent_id: agent(2), user_id: 'eve' } },
  { body: { status: 'failed', assignment_id: 'A1', agent_id: agent(2) } },
  { body: { status: 'paused' }, query: { tenant_unit_id: 'u1' } },
  { body: { status: 'failed', user_id: 'eve' }, query: { tenant_unit_id: 'u1' } },
  { body: { status: 'expired' }, query: { tenant_unit_id: 'u2' } },
  { body: { status: 'completed', assignment_id: 'a1', user_id: 'eve' }, query: { tenant_unit_id: 'U1' } },
  { body: {} },
];
const nameOf = new Map<string, string>();
let conversations: (Record<string, unknown> & { id: string })[] = [];

/** In base64url, by value: a last character may have bits that say nothing. */
const NEIGHBOURS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

function agent(n: number): string {
  return `8f9d2c1e-5b7a-4f0e-9c3d-2a1b6e4d7f8${n}`;
}

const pathOf = (index: number): string => `/conversations/${conversations[index]?.id ?? ''}`;

beforeAll(async () => {
  stopClock(START);
  for (const [index, { body, query = {} }] of made.entries()) {
    setClock(START + (index === 2 ? 10 : index * 10));
    const created = await ada.post('/conversations', { topic: names[index], ...body }, { query });
    nameOf.set(created.body.id, `c${index}`);
    conversations.push(created.body);
  }
  await as({ tenant: 'other' }).post('/conversations', { status: 'failed', assignment_id: 'a1' });
  setClock(START + 200);
  await ada.patch(pathOf(3), { topic: 'c3, renamed' });
  await ada.patch(`${pathOf(1)}/status`, { status: 'cancelled' });
  setClock(START + 300);
  await ada.post(`${pathOf(5)}/messages`, { message_from: 'user', content: 'Hi' });
  await ada.patch(pathOf(7), { topic: 'c7, renamed' });
  conversations = await Promise.all(
    conversations.map(
      async (_, index) => (await ada.get(pathOf(index))).body as (typeof conversations)[number],
    ),
  );
});
afterAll(startClock);

async function listed(query: Query, client: TestClient = ada): Promise<string> {
  const { status, body } = await client.get('/conversations', { query });
  expect(status).toBe(200);
  expect(body.total_count).toBe(body.data.length);
  return named(body);
}

const named = (page: { data?: unknown }) =>
  (page.data as { id: string }[]).map(({ id }) => nameOf.get(id)).join(' ');

describe('a list of conversations', () => {
  it('answers the newest 20 with every field when nothing is asked', async () => {
    const { status, body } = await ada.get('/conversations');

    expect(status).toBe(200);
    expect(body).toEqual({
      page_num: 1,
      page_size: 20,
      total_count: 9,
      total_pages: 1,
      has_next_page: false,
      data: [...conversations].reverse(),
      next_cursor: null,
    });
  });

  it('has an order by creation that no change moves, and its exact reverse', async () => {
    expect(await listed({ order: 'recent' })).toBe('c8 c7 c6 c5 c4 c3 c2 c1 c0');
    expect(await listed({ order: 'oldest' })).toBe('c0 c1 c2 c3 c4 c5 c6 c7 c8');
  });

  it('has an order by latest activity, of those in one millisecond the newest created first', async () => {
    expect(await listed({ order: 'active' })).toBe('c7 c5 c3 c1 c8 c6 c4 c2 c0');
  });

  it.each([
    ['assignment_id', 'a1', 'c7 c2 c1 c0'],
    ['assignment_id', 'A1', 'c3'],
    ['assignment_id', 'a', ''],
    ['assignment_id', 'null', ''],
    ['agent_id', agent(2), 'c3 c2'],
    ['agent_id', agent(3), ''],
    ['agent_id', 'no-uuid', ''],
    ['user_id', 'eve', 'c7 c5 c2 c0'],
    ['user_id', 'ada', 'c8 c6 c4 c3'],
    ['user_id', 'Eve', ''],
    ['tenant_unit_id', 'u1', 'c5 c4'],
    ['tenant_unit_id', 'U1', 'c7'],
    ['tenant_unit_id', 'u9', ''],
    ['tenant_id', 'acme', 'c8 c7 c6 c5 c4 c3 c2 c1 c0'],
    ['status', 'failed', 'c5 c3 c2'],
    ['status', 'input_required', ''],
    ['statuses', 'failed', 'c5 c3 c2'],
    ['statuses', 'failed,paused', 'c5 c4 c3 c2'],
    ['statuses', 'failed,failed,,', 'c5 c3 c2'],
    ['statuses', ['failed', 'paused'], 'c5 c4 c3 c2'],
    ['statuses', ['failed', '', 'paused,cancelled'], 'c5 c4 c3 c2 c1'],
    ['statuses', RUN_STATUSES.join(','), 'c8 c7 c6 c5 c4 c3 c2 c1 c0'],
    ['statuses', ',', 'c8 c7 c6 c5 c4 c3 c2 c1 c0'],
  ])('is narrowed by %s=%s, in every order', async (parameter, value, expected) => {
    expect(await listed({ [parameter]: value })).toBe(expected);
    expect(await listed({ [parameter]: value, order: 'oldest' })).toBe(
      expected.split(' ').reverse().join(' '),
    );
    expect((await listed({ [parameter]: value, order: 'active' })).split(' ').sort()).toEqual(
      expected.split(' ').sort(),
    );
  });

  it('joins status and statuses', async () => {
    expect(await listed({ status: 'queued', statuses: 'failed' })).toBe('c5 c3 c2 c0');
    expect(await listed({ status: 'failed', statuses: ['failed', 'expired'] })).toBe('c6 c5 c3 c2');
    expect(await listed({ status: '', statuses: 'expired' })).toBe('c6');
    expect(await listed({ status: 'expired', statuses: '' })).toBe('c6');
  });

  it('combines filters', async () => {
    expect(await listed({ assignment_id: 'a1', user_id: 'eve' })).toBe('c7 c2 c0');
    expect(await listed({ assignment_id: 'a1', user_id: 'eve', agent_id: agent(2) })).toBe('c2');
    expect(await listed({ user_id: 'eve', status: 'failed', tenant_unit_id: 'u1' })).toBe('c5');
    expect(await listed({ agent_id: agent(1), statuses: 'queued,cancelled', created_after: at(5) })).toBe(
      'c1',
    );
    expect(await listed({ assignment_id: 'A1', user_id: 'eve' })).toBe('');
  });

  it('is that of its unit for a credential of a unit', async () => {
    const unit = as({ tenant: 'acme', unit: 'u1' });

    expect(await listed({}, unit)).toBe('c5 c4');
    expect(await listed({ tenant_unit_id: 'u1', status: 'paused' }, unit)).toBe('c4');
  });

  it('reads an empty parameter as no filter', async () => {
    const plain = await ada.get('/conversations');
    const empty = Object.fromEntries(
      [
        'assignment_id',
        'agent_id',
        'user_id',
        'page_num',
        'page_size',
        'order',
        'status',
        'statuses',
        'tenant_id',
        'tenant_unit_id',
        'created_after',
        'created_before',
        'updated_after',
        'updated_before',
        'cursor',
      ].map((name) => [name, '']),
    );

    const { status, text } = await ada.get('/conversations', { query: empty });

    expect(status).toBe(200);
    expect(text).toBe(plain.text);
  });
});

describe('bounds of time', () => {
  const all = 'c0 c1 c2 c3 c4 c5 c6 c7 c8';

  it.each([
    ['created_after', at(0), all],
    ['created_after', at(10), 'c1 c2 c3 c4 c5 c6 c7 c8'],
    ['created_after', at(11), 'c3 c4 c5 c6 c7 c8'],
    ['created_after', at(9).replace('Z', '999Z'), 'c1 c2 c3 c4 c5 c6 c7 c8'],
    ['created_after', at(10).replace('Z', '9999Z'), 'c1 c2 c3 c4 c5 c6 c7 c8'],
    ['created_after', at(10).replace('Z', '000000Z'), 'c1 c2 c3 c4 c5 c6 c7 c8'],
    ['created_after', at(81), ''],
    ['created_after', '1970-01-01T00:00:00Z', all],
    ['created_after', '9999-12-31T23:59:59.999Z', ''],
    ['created_before', at(0), ''],
    ['created_before', at(10), 'c0'],
    ['created_before', at(11), 'c0 c1 c2'],
    ['created_before', at(10).replace('Z', '9999Z'), 'c0'],
    ['created_before', at(9).replace('Z', '999Z'), 'c0'],
    ['created_before', at(80), 'c0 c1 c2 c3 c4 c5 c6 c7'],
    ['created_before', '9999-12-31T23:59:59.999Z', all],
    ['updated_after', at(200), 'c1 c3 c5 c7'],
    ['updated_after', at(200).replace('Z', '999Z'), 'c1 c3 c5 c7'],
    ['updated_after', at(199).replace('Z', '001Z'), 'c1 c3 c5 c7'],
    ['updated_after', at(301), ''],
    ['updated_before', at(200), 'c0 c2 c4 c6 c8'],
    ['updated_before', at(200).replace('Z', '999Z'), 'c0 c2 c4 c6 c8'],
    ['updated_before', at(300), 'c0 c1 c2 c3 c4 c6 c8'],
    ['updated_before', at(301), all],
  ])('%s=%s', async (parameter, time, expected) => {
    expect(await listed({ [parameter]: time, order: 'oldest' })).toBe(expected);
    const recent = await listed({ [parameter]: time });
    expect(recent.split(' ').reverse().join(' ')).toBe(expected);
  });

  it('include the first moment and exclude the last, in any zone', async () => {
    expect(await listed({ created_after: at(10), created_before: at(40), order: 'oldest' })).toBe('c1 c2 c3');
    expect(await listed({ created_after: at(10), created_before: at(10) })).toBe('');
    expect(await listed({ created_after: '2030-01-31T09:30:00.030+01:30', updated_before: at(200) })).toBe(
      'c8 c6 c4',
    );
    expect(
      await listed({
        created_after: at(10),
        created_before: at(80),
        updated_after: at(200),
        updated_before: at(300),
        order: 'active',
      }),
    ).toBe('c3 c1');
  });
});

describe('numbered pages', () => {
  it('cut the list, say what is left, and are empty past the end', async () => {
    const page = async (query: Query) => {
      const { status, body } = await ada.get('/conversations', { query: { order: 'oldest', ...query } });
      expect(status).toBe(200);
      const { data, next_cursor, ...numbers } = body as Record<string, unknown>;
      expect(next_cursor === null).toBe(!numbers['has_next_page']);
      return { ...numbers, names: named({ data }) };
    };
    const numbers = { page_size: 4, total_count: 9, total_pages: 3 };

    expect(await page({ page_size: 4 })).toEqual({
      ...numbers,
      page_num: 1,
      has_next_page: true,
      names: 'c0 c1 c2 c3',
    });
    expect(await page({ page_size: 4, page_num: 2 })).toMatchObject({
      has_next_page: true,
      names: 'c4 c5 c6 c7',
    });
    expect(await page({ page_size: 4, page_num: 3 })).toMatchObject({ has_next_page: false, names: 'c8' });
    expect(await page({ page_size: 3, page_num: 3 })).toMatchObject({ has_next_page: false, total_pages: 3 });
    for (const page_num of [4, 1_000_000_001, Number.MAX_SAFE_INTEGER])
      expect(await page({ page_size: 4, page_num })).toEqual({
        ...numbers,
        page_num,
        has_next_page: false,
        names: '',
      });
    expect(await page({ page_size: 1, page_num: 9 })).toMatchObject({ total_pages: 9, names: 'c8' });
    expect(await page({ page_size: 200 })).toMatchObject({ page_size: 200, total_pages: 1 });
    expect(await page({ status: 'input_required' })).toMatchObject({
      total_count: 0,
      total_pages: 0,
      has_next_page: false,
    });
  });
});

describe('a cursor', () => {
  const filters: Query[] = [
    {},
    { assignment_id: 'a1' },
    { user_id: 'eve' },
    { agent_id: agent(1) },
    { tenant_unit_id: 'u1' },
    { status: 'failed' },
    { statuses: 'failed,paused,running' },
    { created_after: at(10), created_before: at(80) },
    { updated_after: at(20), updated_before: at(300) },
    { user_id: 'eve', updated_after: at(0), statuses: ['failed', 'completed', 'queued'] },
  ];
  const orders = ['recent', 'oldest', 'active'];

  it.each(filters.flatMap((filter) => orders.map((order) => ({ ...filter, order }))))(
    'walks what the numbered pages of %j walk',
    async (query: Query) => {
      const whole = (await ada.get('/conversations', { query })).body;
      const walked: unknown[] = [];
      let page = (await ada.get('/conversations', { query: { ...query, page_size: 1 } })).body;
      walked.push(...page.data);
      for (let page_num = 2; page.next_cursor !== null; page_num++) {
        expect(page.has_next_page).toBe(true);
        const numbered = await ada.get('/conversations', { query: { ...query, page_size: 1, page_num } });
        page = (
          await ada.get('/conversations', { query: { ...query, page_size: 1, cursor: page.next_cursor } })
        ).body;
        expect(page).toEqual({
          ...numbered.body,
          page_num: null,
          total_count: null,
          total_pages: null,
        });
        walked.push(...page.data);
      }
      expect(page.has_next_page).toBe(false);
      expect(walked).toEqual(whole.data);
    },
  );

  it('goes on with another page size, and with the same filter written differently', async () => {
    const first = await ada.get('/conversations', {
      query: { statuses: 'failed,paused', order: 'oldest', page_size: 1, created_after: at(0) },
    });

    const rest = await ada.get('/conversations', {
      query: {
        status: 'paused',
        statuses: ['failed', 'failed'],
        order: 'oldest',
        page_size: 3,
        created_after: '2030-01-31T09:00:00+01:00',
        agent_id: '',
        cursor: first.body.next_cursor,
      },
    });

    expect(named(first.body)).toBe('c2');
    expect(named(rest.body)).toBe('c3 c4 c5');
    expect(rest.body).toMatchObject({ page_size: 3, has_next_page: false, next_cursor: null });
  });

  it('goes on behind its row although the rows before it changed', async () => {
    const client = as({ tenant: 'moving' });
    const ids: string[] = [];
    for (let n = 0; n < 4; n++) ids.push((await client.post('/conversations')).body.id);
    const first = await client.get('/conversations', { query: { page_size: 2 } });
    await client.delete(`/conversations/${ids[2]}`);
    await client.post('/conversations');

    const second = await client.get('/conversations', {
      query: { page_size: 2, cursor: first.body.next_cursor },
    });

    expect(second.body.data.map(({ id }: { id: string }) => id)).toEqual([ids[1], ids[0]]);
  });

  it('cannot be sent with a page number', async () => {
    const { body } = await ada.get('/conversations', { query: { page_size: 1 } });

    const refused = await ada.get('/conversations', {
      query: { cursor: body.next_cursor, page_num: 2, order: 'x' },
    });

    expectProblem(refused, 'validation_failed', 'page_num', 'order');
  });

  it('is of no use in another tenant, unit, filter or order', async () => {
    const query = { status: 'failed', order: 'oldest', page_size: 1 };
    const cursor = (await ada.get('/conversations', { query })).body.next_cursor as string;
    const anywhere = as({ tenant: 'acme', scopes: ['conversations:read', 'tenants:any'] });
    const same = await anywhere.get('/conversations', { query: { ...query, cursor } });
    expect(same.status).toBe(200);

    expectProblem(
      await as({ tenant: 'other' }).get('/conversations', { query: { ...query, cursor } }),
      'invalid_cursor',
      'cursor',
    );
    const changes: Query[] = [
      { tenant_id: 'other' },
      { tenant_unit_id: 'u1' },
      { order: 'recent' },
      { order: '' },
      { order: 'active' },
      { status: 'paused' },
      { status: '' },
      { statuses: 'paused' },
      { assignment_id: 'a1' },
      { agent_id: agent(1) },
      { user_id: 'eve' },
      { created_after: at(0) },
      { created_before: at(0) },
      { updated_after: at(0) },
      { updated_before: at(0) },
    ];
    for (const change of changes)
      expectProblem(
        await anywhere.get('/conversations', { query: { ...query, cursor, ...change } }),
        'invalid_cursor',
        'cursor',
      );
    expectProblem(
      await as({ tenant: 'acme', unit: 'u1' }).get('/conversations', { query: { ...query, cursor } }),
      'invalid_cursor',
      'cursor',
    );
  });

  it('is refused when it is damaged or made up', async () => {
    const cursor = (await ada.get('/conversations', { query: { page_size: 1 } })).body.next_cursor as string;
    const forged = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const flipped = (cursor.startsWith('A') ? 'B' : 'A') + cursor.slice(1);

    for (const damaged of [
      'x',
      '0',
      'null',
      flipped,
      cursor.slice(0, -2),
      cursor.slice(4),
      forged([]),
      forged({}),
      forged(null),
      forged(['', conversations[4]?.id, at(0)]),
      forged([conversations[4]?.id]),
      '日本',
      'x'.repeat(2000),
      `${cursor}!`,
      `${cursor}=`,
      `${cursor}\0`,
      ` ${cursor}`,
      cursor.replace(/.$/, (last) => NEIGHBOURS[NEIGHBOURS.indexOf(last) ^ 1] ?? ''),
    ])
      expectProblem(
        await ada.get('/conversations', { query: { cursor: damaged } }),
        'invalid_cursor',
        'cursor',
      );
  });
});

describe('a wrong parameter of the list', () => {
  it.each([
    ['page_num', ['0', '-1', '1.5', 'x', '1e1', '0x1', '+1', ' 1', 'null', ['1', '2'], ['1', '1']]],
    ['page_size', ['0', '-1', '201', '1.5', 'x', ['1', '2']]],
    ['order', ['Recent', 'asc', 'recent,oldest', ['recent', 'recent']]],
    ['status', ['done', 'FAILED', 'failed,paused', ' failed', ['failed', 'paused']]],
    ['statuses', ['done', 'failed,done', ['failed', 'done'], 'failed, paused']],
    ['assignment_id', ['a b', 'é', 'x'.repeat(256), ['a', 'b']]],
    ['agent_id', ['a b', 'x'.repeat(65), ['a', 'b']]],
    ['user_id', ['a b', 'x'.repeat(256), ['a', 'a']]],
    ['tenant_id', ['a b', 'x'.repeat(65), ['acme', 'acme']]],
    ['tenant_unit_id', ['a b', 'x'.repeat(65), ['a', 'b']]],
    [
      'created_after',
      [
        'now',
        '2030-01-31',
        '2030-01-31T08:00:00',
        '2030-02-30T00:00:00Z',
        '1893484800000',
        ['2030-01-31T08:00:00Z', '2030-01-31T08:00:00Z'],
      ],
    ],
    ['created_before', ['now', '2030-01-31T08:00:00 01:00', '2030-01-31T24:00:00Z']],
    ['updated_after', ['now', '2030-1-31T08:00:00Z', '10000-01-01T00:00:00Z']],
    ['updated_before', ['now', '2030-01-31T08:00:60Z']],
    ['cursor', [['a', 'b']]],
    ['page', ['1']],
    ['statuses[]', ['failed']],
    ['Status', ['failed']],
    ['limit', ['']],
    ['__proto__', ['x']],
    ['constructor', ['x']],
    ['日本', ['x']],
  ])('%s is refused and named', async (parameter, wrong) => {
    for (const value of wrong) {
      const query = Object.fromEntries([[parameter, value]]);
      expectProblem(await ada.get('/conversations', { query }), 'validation_failed', parameter);
    }
  });

  it('is told with the statuses that there are', async () => {
    for (const parameter of ['status', 'statuses']) {
      const refused = await ada.get('/conversations', { query: { [parameter]: 'done' } });
      for (const status of RUN_STATUSES) expect(detailAt(refused, parameter)).toContain(status);
    }
  });

  it('is told with all others at once', async () => {
    const query = {
      page_num: 0,
      page_size: 201,
      order: 'x',
      status: 'x',
      statuses: 'x',
      user_id: ' ',
      created_after: 'x',
      foo: 1,
      bar: 2,
    };

    expectProblem(await ada.get('/conversations', { query }), 'validation_failed', ...Object.keys(query));
  });
});
