import * as api from './orval.gen/fetch.ts';
import * as schemas from './orval.gen/zod.ts';
import { play } from './story.ts';

/** Answers are typed by their status; anything but the one of success is thrown. */
function unless(problem: { status: number; data: unknown }): never {
  throw new Error(`${problem.status} ${JSON.stringify(problem.data)}`);
}

await play({
  create: async (topic) => {
    const answer = await api.createConversation(schemas.CreateConversationBody.parse({ topic }));
    return answer.status === 201 ? schemas.CreateConversationResponse.parse(answer.data).id : unless(answer);
  },
  say: async (id, content) => {
    const body = schemas.AppendMessageBody.parse({ message_from: 'user', content });
    const answer = await api.appendMessage(id, body);
    return answer.status === 201 ? schemas.AppendMessageResponse.parse(answer.data).sequence : unless(answer);
  },
  total: async () => {
    const answer = await api.listConversations({ status: 'running', page_size: 1 });
    return answer.status === 200 ? answer.data.total_count : unless(answer);
  },
  complete: async (id) => {
    const answer = await api.updateConversationStatus(id, { status: 'completed' });
    return answer.status === 200 ? answer.data.status : unless(answer);
  },
  remove: async (id) => (await api.deleteConversation(id)).status,
  page: async (cursor) => {
    const answer = await api.listConversations({ page_size: 2, cursor });
    if (answer.status !== 200) return unless(answer);
    const { data, next_cursor } = schemas.ListConversationsResponse.parse(answer.data);
    return { ids: data.map(({ id }) => id), next: next_cursor };
  },
  problemOf: async (id) => {
    const answer = await api.getConversation(id);
    if (answer.status === 200) return undefined;
    return answer.status === 404 ? answer.data.code : unless(answer);
  },
});
