import createClient from 'openapi-fetch';
import type { paths } from './openapi-typescript.gen.ts';
import { play } from './story.ts';

const client = createClient<paths>({ baseUrl: process.env.COLLOQUY_URL ?? '' });
const conversations = '/admin/api/v2/conversations';
const conversation = `${conversations}/{conversation_id}` as const;

/** What was answered, where it was no problem. */
async function answered<T>(sending: Promise<{ data?: T; error?: unknown }>): Promise<T> {
  const { data, error } = await sending;
  if (data === undefined) throw new Error(JSON.stringify(error));
  return data;
}
const of = (conversation_id: string) => ({ path: { conversation_id } });

await play({
  create: async (topic) => (await answered(client.POST(conversations, { body: { topic } }))).id,
  say: async (id, content) => {
    const body = { message_from: 'user' as const, content };
    return (await answered(client.POST(`${conversation}/messages`, { params: of(id), body }))).sequence;
  },
  total: async () => {
    const query = { status: 'running' as const, page_size: 1 };
    return (await answered(client.GET(conversations, { params: { query } }))).total_count;
  },
  complete: async (id) => {
    const body = { status: 'completed' as const };
    return (await answered(client.PATCH(`${conversation}/status`, { params: of(id), body }))).status;
  },
  remove: async (id) => (await client.DELETE(conversation, { params: of(id) })).response.status,
  page: async (cursor) => {
    const query = { page_size: 2, cursor };
    const { data, next_cursor } = await answered(client.GET(conversations, { params: { query } }));
    return { ids: data.map(({ id }) => id), next: next_cursor };
  },
  problemOf: async (id) => (await client.GET(conversation, { params: of(id) })).error?.code,
});
