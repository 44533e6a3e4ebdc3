import { client } from './hey-api.gen/client.gen.ts';
import * as api from './hey-api.gen/index.ts';
import { play } from './story.ts';

client.setConfig({ baseUrl: process.env.COLLOQUY_URL ?? '' });

const throwOnError = true as const;
const of = (conversation_id: string) => ({ path: { conversation_id } });

await play({
  create: async (topic) => (await api.createConversation({ body: { topic }, throwOnError })).data.id,
  say: async (id, content) => {
    const body = { message_from: 'user' as const, content };
    return (await api.appendMessage({ ...of(id), body, throwOnError })).data.sequence;
  },
  total: async () => {
    const query = { status: 'running' as const, page_size: 1 };
    return (await api.listConversations({ query, throwOnError })).data.total_count;
  },
  complete: async (id) => {
    const body = { status: 'completed' as const };
    return (await api.updateConversationStatus({ ...of(id), body, throwOnError })).data.status;
  },
  remove: async (id) => (await api.deleteConversation({ ...of(id), throwOnError })).response.status,
  page: async (cursor) => {
    const query = { page_size: 2, cursor };
    const { data } = await api.listConversations({ query, throwOnError });
    return { ids: data.data.map(({ id }) => id), next: data.next_cursor };
  },
  problemOf: async (id) => (await api.getConversation(of(id))).error?.code,
});
