import { describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { createTestApp } from '../support/create-test-app.js';
import { tokenFor } from '../support/test-client.js';

const { app, as, listen } = await createTestApp();
const url = await listen();
const ada = as({ tenant: 'acme' });
const authorization = `Bearer ${await tokenFor({ tenant: 'acme' })}`;

async function conversationWith(contents: readonly string[]): Promise<string> {
  const { body } = await ada.post('/conversations');
  for (const content of contents)
    await ada.post(`/conversations/${body.id}/messages`, { message_from: 'user', content });
  return body.id;
}
const read = (id: string, query: string, method = 'GET') =>
  fetch(`${url}/admin/api/v2/conversations/${id}/messages?${query}`, { method, headers: { authorization } });
const contentsOf = async (answer: Response) =>
  ((await answer.json()) as { data: { content: string }[] }).data.map(({ content }) => content);

const LARGE = Array.from({ length: 12 }, (_, n) => String.fromCharCode(97 + n).repeat(300_000));
const large = await conversationWith(LARGE);

describe('a page of large messages', () => {
  it.each([
    ['page_size=200', LARGE],
    ['page_size=5&page=2', LARGE.slice(5, 10)],
    ['page_size=200&order=recent', LARGE.toReversed()],
    ['after_sequence=3&before_sequence=12', LARGE.slice(3, 11)],
  ])('is complete and in order, without a length (%s)', async (query, contents) => {
    const answer = await read(large, query);

    expect([answer.status, answer.headers.get('content-length')]).toEqual([200, null]);
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(await contentsOf(answer)).toEqual(contents);
  });

  it('says as much of the list as any other', async () => {
    const { data, ...page } = (await (await read(large, 'page_size=5')).json()) as { data: unknown[] };

    expect(data).toHaveLength(5);
    expect(page).toEqual({
      page_num: 1,
      page_size: 5,
      total_count: 12,
      total_pages: 3,
      has_next_page: true,
    });
  });

  it('has no body for a HEAD', async () => {
    const answer = await read(large, 'page_size=200', 'HEAD');

    expect([answer.status, await answer.text()]).toEqual([200, '']);
  });

  it('is not found where there is no conversation', async () => {
    const other = await fetch(`${url}/admin/api/v2/conversations/${large}/messages`, {
      headers: { authorization: `Bearer ${await tokenFor({ tenant: 'other' })}` },
    });

    expect(other.status).toBe(404);
  });

  it('is noticed too when a message grows by its metadata', async () => {
    const id = await conversationWith(['a', 'b']);
    const { body } = await ada.get(`/conversations/${id}/messages`);
    const metadata = { text: 'x'.repeat(60_000) };
    for (const message of body.data)
      await ada.patch(`/conversations/${id}/messages/${message.id}`, { metadata });

    const [row] = await app
      .get(DataSource)
      .query<{ largest: unknown }[]>(
        'SELECT largest_message AS largest FROM conversation WHERE tenant_id = ? AND id = ?',
        ['acme', id],
      );

    expect(Number(row?.largest)).toBeGreaterThan(60_000);
    expect(await contentsOf(await read(id, 'page_size=200'))).toEqual(['a', 'b']);
  });
});

describe('a page of small messages', () => {
  it.each([
    ['that were always noted', false],
    ['of a conversation from before', true],
  ])('goes out in one piece (%s)', async (_, isOld) => {
    const contents = Array.from({ length: 30 }, (__, n) => `Message ${n}`);
    const id = await conversationWith(contents);
    if (isOld)
      await app
        .get(DataSource)
        .query('UPDATE conversation SET largest_message = NULL WHERE tenant_id = ? AND id = ?', ['acme', id]);

    const answer = await read(id, 'page_size=200');

    expect(Number(answer.headers.get('content-length'))).toBeGreaterThan(1_000);
    expect(await contentsOf(answer)).toEqual(contents);
  });
});

describe('a list of conversations with large objects', () => {
  const of = as({ tenant: 'large-lists' });
  const TEXT = Array.from({ length: 25 }, (_, n) =>
    String.fromCharCode(97 + n).repeat(n % 5 === 0 ? 5 : 60_000),
  );
  const ids = (async () => {
    const made: string[] = [];
    for (const text of TEXT) {
      const { body } = await of.post('/conversations', { inputs: { text }, extend_properties: { text } });
      made.push(body.id);
    }
    return made;
  })();
  const list = async (query: string) =>
    fetch(`${url}/admin/api/v2/conversations?${query}`, {
      headers: { authorization: `Bearer ${await tokenFor({ tenant: 'large-lists' })}` },
    });
  interface Conversation {
    id: string;
    inputs: { text: string };
    extend_properties: { text: string };
  }
  const textsOf = (conversations: readonly Conversation[]) =>
    conversations.map(({ inputs, extend_properties }) => [inputs.text, extend_properties.text]);

  it.each([
    ['page_size=200&order=oldest', TEXT],
    ['page_size=200', TEXT.toReversed()],
    ['page_size=10&page_num=3&order=oldest', TEXT.slice(20)],
    ['page_size=200&order=oldest&statuses=running,failed', TEXT],
  ])('is complete and in order (%s)', async (query, texts) => {
    const made = await ids;
    const answer = await list(query);
    const { data } = (await answer.json()) as { data: Conversation[] };

    expect(answer.status).toBe(200);
    expect(textsOf(data)).toEqual(texts.map((text) => [text, text]));
    expect(data.map(({ id }) => TEXT[made.indexOf(id)])).toEqual(texts);
  });

  it('goes out in one piece while it is small, and in pieces without a length when it is not', async () => {
    await ids;
    const lengths = ['page_size=3', 'page_size=200'].map(async (query) => {
      const answer = await list(query);
      await answer.text();
      return answer.headers.get('content-length') !== null;
    });

    expect(await Promise.all(lengths)).toEqual([true, false]);
  });

  it('goes on behind a cursor', async () => {
    await ids;
    let query = 'page_size=7&order=oldest';
    const read: Conversation[] = [];
    for (
      let cursor: string | null = '';
      cursor !== null;
      query = `page_size=7&order=oldest&cursor=${cursor}`
    ) {
      const page = (await (await list(query)).json()) as { data: Conversation[]; next_cursor: string | null };
      read.push(...page.data);
      cursor = page.next_cursor;
    }

    expect(textsOf(read)).toEqual(TEXT.map((text) => [text, text]));
  });

  it('is exported whole', async () => {
    await ids;
    const answer = await fetch(`${url}/admin/api/v2/export/conversations`, {
      headers: { authorization: `Bearer ${await tokenFor({ tenant: 'large-lists' })}` },
    });
    const [, ...lines] = (await answer.text()).trimEnd().split('\n');
    const conversations = lines.slice(0, -1).map((line) => JSON.parse(line) as Conversation);

    expect(textsOf(conversations)).toEqual(TEXT.map((text) => [text, text]));
  });
});
