import { describe, expect, it } from '@jest/globals';
import { createTestApp } from '../support/create-test-app.js';

const { as } = await createTestApp();
const ada = as({ tenant: 'acme', sub: 'ada', name: 'Ada Lovelace', role: 'operator' });

describe('a conversation', () => {
  it('is created with defaults when nothing is said', async () => {
    const { status, body, headers } = await ada.post('/conversations');

    expect(status).toBe(201);
    expect(headers.location).toBe(`/admin/api/v2/conversations/${body.id}`);
    expect(body).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
      topic: 'New Conversation',
      status: 'running',
      agent_id: null,
      agent_mode: null,
      agent_type: null,
      assignment_id: null,
      user_id: 'ada',
      tenant_id: 'acme',
      tenant_unit_id: null,
      invoke_from: null,
      inputs: {},
      extend_properties: {},
      message_count: 0,
      created_time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      updated_time: body.created_time,
      created_by: 'ada',
      created_by_name: 'Ada Lovelace',
      created_by_role: 'operator',
      updated_by: 'ada',
      updated_by_name: 'Ada Lovelace',
      updated_by_role: 'operator',
    });
  });

  it('takes messages in order and counts them', async () => {
    const { body: conversation } = await ada.post('/conversations', { topic: 'A table' });
    const messages = `/conversations/${conversation.id}/messages`;

    const first = await ada.post(messages, { message_from: 'user', content: 'Hello' });
    const batch = await ada.post(`${messages}/batch`, {
      messages: [
        { message_from: 'agent', content: 'Hi' },
        { message_from: 'user', content: 'A table, please' },
      ],
    });

    expect(first.status).toBe(201);
    expect(batch.status).toBe(201);
    const page = await ada.get(messages);
    expect(page.body).toMatchObject({
      page_num: 1,
      page_size: 20,
      total_count: 3,
      total_pages: 1,
      has_next_page: false,
    });
    expect(page.body.data.map((m: { sequence: number; content: string }) => [m.sequence, m.content])).toEqual(
      [
        [1, 'Hello'],
        [2, 'Hi'],
        [3, 'A table, please'],
      ],
    );
    const read = await ada.get(`/conversations/${conversation.id}`);
    expect(read.body.message_count).toBe(3);
    const one = await ada.get(`${messages}/${first.body.id}`);
    expect(one.body).toEqual(first.body);
    const patched = await ada.patch(`${messages}/${first.body.id}`, { feedback: 'good' });
    expect(patched.body.feedback).toBe('good');
    expect((await ada.delete(`/conversations/${conversation.id}`)).status).toBe(204);
    expect((await ada.get(messages)).status).toBe(404);
  });

  it('lists', async () => {
    const list = await ada.get('/conversations', {
      query: { page_size: 1, order: 'active', status: 'running' },
    });
    expect(list.status).toBe(200);
    expect(list.body.data).toHaveLength(1);
  });

  it('is not there for another tenant', async () => {
    const { body } = await ada.post('/conversations');
    const { status, body: problem } = await as({ tenant: 'other' }).get(`/conversations/${body.id}`);
    expect(status).toBe(404);
    expect(problem.code).toBe('conversation_not_found');
  });
});
