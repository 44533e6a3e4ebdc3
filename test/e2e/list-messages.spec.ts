import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createTestApp } from '../support/create-test-app.js';
import { expectProblem } from '../support/problems.js';
import { SEEDS } from '../support/seeds.js';

type Query = Record<string, string | number>;

const { as } = await createTestApp();
const ada = as({ tenant: 'acme' });

/** A conversation with `count` messages, all of them as they were answered. */
async function conversationOf(count: number) {
  const { id } = (await ada.post('/conversations')).body as { id: string };
  const path = `/conversations/${id}/messages`;
  if (count === 0) return { path, messages: [] };
  const messages = Array.from({ length: count }, (_, n) => ({
    message_from: 'user',
    content: `Message ${n}`,
  }));
  return {
    path,
    messages: (await ada.post(`${path}/batch`, { messages })).body.data as { sequence: number }[],
  };
}

const empty = await conversationOf(0);
const one = await conversationOf(1);
const twenty = await conversationOf(20);
const many = await conversationOf(45);

async function sequences(query: Query, path = many.path) {
  const { status, body } = await ada.get(path, { query });
  expect(status).toBe(200);
  return body.data.map((message: { sequence: number }) => message.sequence) as number[];
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => from + n);

describe('a list of messages', () => {
  it('answers the first 20 in the order in which they were said, with every field', async () => {
    const { status, body } = await ada.get(many.path);

    expect(status).toBe(200);
    expect(body).toEqual({
      page_num: 1,
      page_size: 20,
      total_count: 45,
      total_pages: 3,
      has_next_page: true,
      data: many.messages.slice(0, 20),
    });
  });

  it('answers an empty page for a conversation without messages', async () => {
    for (const query of [{}, { order: 'recent' }, { page: 2 }] as Query[]) {
      const { body } = await ada.get(empty.path, { query });
      expect(body).toMatchObject({ total_count: 0, total_pages: 0, has_next_page: false, data: [] });
    }
  });

  it('is walked page by page, in both orders', async () => {
    expect(await sequences({ page: 2 })).toEqual(range(21, 40));
    expect(await sequences({ page: 3 })).toEqual(range(41, 45));
    expect(await sequences({ order: 'oldest', page: 3, page_size: 7 })).toEqual(range(15, 21));
    expect(await sequences({ order: 'recent' })).toEqual(range(26, 45).reverse());
    expect(await sequences({ order: 'recent', page: 3 })).toEqual(range(1, 5).reverse());
  });

  it('says whether there is a next page', async () => {
    const hasNext = async (path: string, query: Query) =>
      (await ada.get(path, { query })).body.has_next_page as boolean;

    expect(await hasNext(twenty.path, {})).toBe(false);
    expect(await hasNext(twenty.path, { page_size: 19 })).toBe(true);
    expect(await hasNext(twenty.path, { order: 'recent', page_size: 10, page: 2 })).toBe(false);
    expect(await hasNext(many.path, { page: 2 })).toBe(true);
    expect(await hasNext(many.path, { page: 3 })).toBe(false);
    expect(await hasNext(one.path, { page_size: 1 })).toBe(false);
  });

  it.each(['oldest', 'recent'])('answers an empty page past the end, in order %s', async (order) => {
    for (const page of [4, 5, 1_000_000_001, Number.MAX_SAFE_INTEGER]) {
      const { status, body } = await ada.get(many.path, { query: { order, page } });
      expect(status).toBe(200);
      expect(body).toEqual({
        page_num: page,
        page_size: 20,
        total_count: 45,
        total_pages: 3,
        has_next_page: false,
        data: [],
      });
    }
  });

  it('goes on from a known message, in both directions', async () => {
    expect(await sequences({ after_sequence: 0, page_size: 3 })).toEqual([1, 2, 3]);
    expect(await sequences({ after_sequence: 20, page_size: 3 })).toEqual([21, 22, 23]);
    expect(await sequences({ after_sequence: 43 })).toEqual([44, 45]);
    expect(await sequences({ after_sequence: 45 })).toEqual([]);
    expect(await sequences({ after_sequence: 2 ** 31 })).toEqual([]);
    expect(await sequences({ after_sequence: Number.MAX_SAFE_INTEGER, order: 'recent' })).toEqual([]);
    expect(await sequences({ before_sequence: Number.MAX_SAFE_INTEGER, page_size: 2 })).toEqual([1, 2]);
    expect(await sequences({ before_sequence: 4 })).toEqual([1, 2, 3]);
    expect(await sequences({ before_sequence: 1 })).toEqual([]);
    expect(await sequences({ before_sequence: 0 })).toEqual([]);
    expect(await sequences({ before_sequence: 30, order: 'recent', page_size: 3 })).toEqual([29, 28, 27]);
    expect(await sequences({ after_sequence: 42, order: 'recent' })).toEqual([45, 44, 43]);
    expect(await sequences({ after_sequence: 3, before_sequence: 7 })).toEqual([4, 5, 6]);
    expect(await sequences({ after_sequence: 3, before_sequence: 7, order: 'recent' })).toEqual([6, 5, 4]);
    expect(await sequences({ after_sequence: 3, before_sequence: 4 })).toEqual([]);
    expect(await sequences({ after_sequence: 7, before_sequence: 3 })).toEqual([]);
  });

  it('has no page number when it goes on from a message, and the total of the conversation', async () => {
    const { body } = await ada.get(many.path, {
      query: { after_sequence: 3, before_sequence: 30, page_size: 10 },
    });

    expect(body).toEqual({
      page_num: null,
      page_size: 10,
      total_count: 45,
      total_pages: 5,
      has_next_page: true,
      data: many.messages.slice(3, 13),
    });
  });

  it('takes a page or a sequence, not both', async () => {
    const both: Query[] = [
      { page: 2, after_sequence: 1 },
      { page: 3, before_sequence: 1 },
      { page: 2, after_sequence: 1, before_sequence: 5 },
    ];
    for (const query of both) expectProblem(await ada.get(many.path, { query }), 'validation_failed', 'page');
  });

  it('reads an empty parameter as an absent one', async () => {
    const plain = await ada.get(many.path);

    const { status, text } = await ada.get(many.path, {
      query: {
        page: '',
        page_size: '',
        order: '',
        after_sequence: '',
        before_sequence: '',
        tenant_id: '',
        tenant_unit_id: '',
      },
    });

    expect(status).toBe(200);
    expect(text).toBe(plain.text);
  });

  it('accepts page sizes from 1 to 200', async () => {
    expect(await sequences({ page_size: 1 })).toEqual([1]);
    const { body } = await ada.get(many.path, { query: { page_size: 200 } });
    expect(body).toMatchObject({ page_size: 200, total_pages: 1, data: many.messages });
  });

  it.each([
    ['page', ['0', '-1', '1.5', 'x', '1e1', '0x1', '+1', ' 1', 'null', ['1', '2'], ['1', '1']]],
    ['page_size', ['0', '-1', '201', '1.5', 'x', '٣', ['1', '2']]],
    ['order', ['Recent', 'active', 'asc', ['oldest', 'recent']]],
    ['after_sequence', ['-1', '1.5', 'x', ['1', '2']]],
    ['before_sequence', ['-1', '1.5', 'x', ['1', '2']]],
    ['limit', ['1']],
    ['page_num', ['1']],
    ['Page', ['1']],
    ['cursor', ['x']],
    ['__proto__', ['x']],
  ])('refuses a wrong %s and names it', async (parameter, wrong) => {
    for (const value of wrong)
      expectProblem(
        await ada.get(many.path, { query: Object.fromEntries([[parameter, value]]) }),
        'validation_failed',
        parameter,
      );
  });

  it('names every fault at once', async () => {
    const query = { page: 0, page_size: 201, order: 'x', after_sequence: -1, before_sequence: 'x', foo: 1 };

    expectProblem(
      await ada.get(many.path, { query }),
      'validation_failed',
      'page', // neither a page number nor to be combined with a sequence
      'page',
      'page_size',
      'order',
      'after_sequence',
      'before_sequence',
      'foo',
    );
  });

  it.each(SEEDS)('answers what a plain model answers (seed %d)', async (seed) => {
    const conversation = fc.constantFrom(empty, one, twenty, many);
    const order = fc.option(fc.constantFrom('oldest', 'recent'), { nil: undefined });
    const pageSize = fc.option(fc.integer({ min: 1, max: 50 }), { nil: undefined });
    const sequence = fc.option(fc.integer({ min: 0, max: 48 }), { nil: undefined });
    const from = fc.oneof(
      fc.record({ page: fc.option(fc.integer({ min: 1, max: 50 }), { nil: undefined }) }),
      fc.record({ after: sequence, before: sequence }),
    );

    await fc.assert(
      fc.asyncProperty(conversation, order, pageSize, from, async ({ path, messages }, order, size, from) => {
        const query = given({
          order,
          page_size: size,
          ...('page' in from && { page: from.page }),
          ...('after' in from && { after_sequence: from.after, before_sequence: from.before }),
        });
        const bySequence = 'after_sequence' in query || 'before_sequence' in query;
        const { after = 0, before = Infinity } = 'after' in from ? from : {};
        const inRange = messages.filter(({ sequence }) => sequence > after && sequence < before);
        if (order === 'recent') inRange.reverse();
        const page = ('page' in from && from.page) || 1;
        const pageSize = size ?? 20;

        const { status, body } = await ada.get(path, { query });

        expect(status).toBe(200);
        expect(body).toEqual({
          page_num: bySequence ? null : page,
          page_size: pageSize,
          total_count: messages.length,
          total_pages: Math.ceil(messages.length / pageSize),
          has_next_page: inRange.length > page * pageSize,
          data: inRange.slice((page - 1) * pageSize, page * pageSize),
        });
      }),
      { seed, numRuns: 100 },
    );
  });
});

/** Without what is undefined. */
function given(query: Record<string, string | number | undefined>): Query {
  return Object.fromEntries(
    Object.entries(query).filter((entry): entry is [string, string | number] => entry[1] !== undefined),
  );
}
