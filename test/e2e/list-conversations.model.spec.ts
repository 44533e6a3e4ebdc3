import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { setClock, startClock, stopClock } from '../support/clock.js';
import { createTestApp } from '../support/create-test-app.js';
import { RUN_STATUSES } from '../support/samples.js';
import { SEEDS } from '../support/seeds.js';
import type { TestClient } from '../support/test-client.js';

const START = Date.parse('2030-01-31T08:00:00.000Z');
/** Most of what happens in a history, happens in this time. */
const SPAN_MS = 80;
const CONVERSATIONS = 60;
const REQUESTS = 120;
const ASSIGNMENTS = ['a', 'A', 'b'];
const USERS = ['eve', 'mallory'];
const UNITS = ['u1', 'u2'];
const AGENTS = ['8f9d2c1e-5b7a-4f0e-9c3d-2a1b6e4d7f80', '8f9d2c1e-5b7a-4f0e-9c3d-2a1b6e4d7f81'];

/** A conversation as the model knows it; its place in the model is the order of creation. */
interface Modelled {
  id: string;
  status: string;
  assignment: string | undefined;
  agent: string | undefined;
  user: string;
  unit: string | undefined;
  created: number;
  updated: number;
}

interface ListRequest {
  order?: string | undefined;
  page_size?: number | undefined;
  assignment_id?: string | undefined;
  agent_id?: string | undefined;
  user_id?: string | undefined;
  tenant_unit_id?: string | undefined;
  status?: string | undefined;
  statuses?: string[] | undefined;
  created_after?: number | undefined;
  created_before?: number | undefined;
  updated_after?: number | undefined;
  updated_before?: number | undefined;
}

const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 });
const rarely = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ arbitrary: fc.constant(undefined), weight: 3 }, { arbitrary, weight: 1 });
const status = fc.constantFrom(...RUN_STATUSES.slice(0, 4));
const moment = fc.integer({ min: -2, max: SPAN_MS + 2 });

const history = fc.record({
  creations: fc.array(
    fc.record({
      pauseMs: fc.constantFrom(0, 0, 0, 1, 2),
      status,
      assignment: maybe(fc.constantFrom(...ASSIGNMENTS)),
      agent: maybe(fc.constantFrom(...AGENTS)),
      user: fc.constantFrom(...USERS),
      unit: maybe(fc.constantFrom(...UNITS)),
    }),
    { minLength: CONVERSATIONS, maxLength: CONVERSATIONS },
  ),
  changes: fc.array(
    fc.record({
      pauseMs: fc.constantFrom(0, 0, 1, 3),
      which: fc.nat(CONVERSATIONS - 1),
      change: fc.oneof(status, fc.constantFrom('message', 'delete')),
    }),
    { minLength: 30, maxLength: 30 },
  ),
});

type History = typeof history extends fc.Arbitrary<infer H> ? H : never;

const request: fc.Arbitrary<ListRequest> = fc.record({
  order: maybe(fc.constantFrom('recent', 'oldest', 'active')),
  page_size: maybe(fc.integer({ min: 1, max: 25 })),
  assignment_id: rarely(fc.constantFrom(...ASSIGNMENTS)),
  agent_id: rarely(fc.constantFrom(...AGENTS)),
  user_id: rarely(fc.constantFrom(...USERS)),
  tenant_unit_id: rarely(fc.constantFrom(...UNITS)),
  status: rarely(status),
  statuses: rarely(fc.array(status, { minLength: 1, maxLength: 3 })),
  created_after: rarely(moment),
  created_before: rarely(moment),
  updated_after: rarely(moment),
  updated_before: rarely(moment),
});

/** Carries a history out through the API, from `start` on, and beside it in the model. */
async function live(client: TestClient, { creations, changes }: History, start: number): Promise<Modelled[]> {
  let time = 0;
  const pass = (ms: number) => {
    time += ms;
    setClock(start + time);
  };
  let model: Modelled[] = [];
  pass(0);
  for (const { pauseMs, ...made } of creations) {
    pass(pauseMs);
    const { body } = await client.post(
      '/conversations',
      {
        status: made.status,
        user_id: made.user,
        ...(made.assignment && { assignment_id: made.assignment }),
        ...(made.agent && { agent_id: made.agent }),
      },
      { query: made.unit ? { tenant_unit_id: made.unit } : {} },
    );
    model.push({ ...made, id: body.id, created: time, updated: time });
  }
  for (const { pauseMs, which, change } of changes) {
    pass(pauseMs);
    const changed = model[which % model.length];
    if (!changed) continue;
    const path = `/conversations/${changed.id}`;
    if (change === 'delete') {
      await client.delete(path);
      model = model.filter((one) => one !== changed);
    } else if (change === 'message') {
      await client.post(`${path}/messages`, { message_from: 'user', content: '' });
      changed.updated = time;
    } else {
      await client.patch(`${path}/status`, { status: change });
      if (changed.status !== change) changed.updated = time;
      changed.status = change;
    }
  }
  return model;
}

/** The whole list that a request is about, in its order. */
function expectedOf(model: readonly Modelled[], asked: ListRequest): Modelled[] {
  const statuses = [...(asked.statuses ?? []), ...(asked.status ? [asked.status] : [])];
  const newestFirst = model
    .filter(
      ({ status, assignment, agent, user, unit, created, updated }) =>
        (asked.assignment_id ?? assignment) === assignment &&
        (asked.agent_id ?? agent) === agent &&
        (asked.user_id ?? user) === user &&
        (asked.tenant_unit_id ?? unit) === unit &&
        (statuses.length === 0 || statuses.includes(status)) &&
        created >= (asked.created_after ?? -Infinity) &&
        created < (asked.created_before ?? Infinity) &&
        updated >= (asked.updated_after ?? -Infinity) &&
        updated < (asked.updated_before ?? Infinity),
    )
    .reverse();
  if (asked.order === 'oldest') return newestFirst.reverse();
  if (asked.order === 'active') return newestFirst.sort((a, b) => b.updated - a.updated);
  return newestFirst;
}

function queryOf(asked: ListRequest, start: number): Record<string, string | number | string[]> {
  const entries = Object.entries(asked) as [string, string | number | string[] | undefined][];
  return Object.fromEntries(
    entries.flatMap(([name, value]) => {
      if (value === undefined) return [];
      const isTime = typeof value === 'number' && name !== 'page_size';
      return [[name, isTime ? new Date(start + value).toISOString() : value]];
    }),
  );
}

const { as } = await createTestApp();
stopClock(START);
afterAll(startClock);

// Each begins later than the one before: for a clock that went back, ids would keep the later time.
describe.each(SEEDS.map((seed, index) => ({ seed, start: START + index * 60_000 })))(
  'the list of a random history (seed $seed)',
  ({ seed, start }) => {
    const client = as({ tenant: `tenant-${seed}`, sub: 'ada' });
    let model: Modelled[] = [];
    beforeAll(async () => {
      for (const events of fc.sample(history, { seed, numRuns: 1 }))
        model = await live(client, events, start);
    });

    it('answers on each numbered page what a plain model answers', async () => {
      await fc.assert(
        fc.asyncProperty(request, fc.integer({ min: 1, max: 6 }), async (asked, page) => {
          const pageSize = asked.page_size ?? 20;
          const expected = expectedOf(model, asked);

          const { status, body } = await client.get('/conversations', {
            query: { ...queryOf(asked, start), page_num: page },
          });

          expect(status).toBe(200);
          const { data, next_cursor, ...numbers } = body;
          expect(numbers).toEqual({
            page_num: page,
            page_size: pageSize,
            total_count: expected.length,
            total_pages: Math.ceil(expected.length / pageSize),
            has_next_page: expected.length > page * pageSize,
          });
          expect(next_cursor === null).toBe(!numbers.has_next_page);
          expect(data.map(summaryOf)).toEqual(
            expected.slice((page - 1) * pageSize, page * pageSize).map((one) => asAnswered(one, start)),
          );
        }),
        { seed, numRuns: REQUESTS },
      );
    });

    it('is walked by cursor, with pages of any size, exactly once and in order', async () => {
      await fc.assert(
        fc.asyncProperty(
          request,
          fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 5 }),
          async (asked, sizes) => {
            const expected = expectedOf(model, asked);
            const walked: unknown[] = [];
            let cursor: string | null = '';
            for (let step = 0; cursor !== null && step <= CONVERSATIONS; step++) {
              const page_size = sizes[step % sizes.length] ?? 1;
              const query = { ...queryOf(asked, start), page_size, cursor };
              const { status, body } = await client.get('/conversations', { query });
              expect(status).toBe(200);
              expect(body.has_next_page).toBe(body.next_cursor !== null);
              expect([body.page_num, body.total_count]).toEqual(
                cursor === '' ? [1, expected.length] : [null, null],
              );
              expect(body.data.length).toBe(Math.min(page_size, expected.length - walked.length));
              walked.push(...body.data.map(({ id }: { id: string }) => id));
              cursor = body.next_cursor as string | null;
            }
            expect(walked).toEqual(expected.map(({ id }) => id));
          },
        ),
        { seed, numRuns: REQUESTS / 4 },
      );
    });
  },
);

const summaryOf = (answered: Record<string, unknown>) => [
  answered['id'],
  answered['status'],
  answered['created_time'],
  answered['updated_time'],
];
const asAnswered = ({ id, status, created, updated }: Modelled, start: number) => [
  id,
  status,
  new Date(start + created).toISOString(),
  new Date(start + updated).toISOString(),
];
