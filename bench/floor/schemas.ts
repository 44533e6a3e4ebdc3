// JSON Schemas of the floor: Fastify compiles them to its validators and serialisers.
const text = { type: 'string' } as const;
const maybe = { type: 'string', nullable: true } as const;
const whole = { type: 'integer' } as const;
const time = { type: 'string', format: 'date-time' } as const;
const json = { type: 'object', additionalProperties: true } as const;

const authorship = {
  created_time: time,
  updated_time: time,
  created_by: maybe,
  created_by_name: maybe,
  created_by_role: maybe,
  updated_by: maybe,
  updated_by_name: maybe,
  updated_by_role: maybe,
};

export const CONVERSATION = {
  type: 'object',
  properties: {
    id: text,
    topic: text,
    status: text,
    agent_id: maybe,
    agent_mode: maybe,
    agent_type: maybe,
    assignment_id: maybe,
    user_id: maybe,
    tenant_id: text,
    tenant_unit_id: maybe,
    invoke_from: maybe,
    message_count: whole,
    ...authorship,
    inputs: json,
    extend_properties: json,
  },
} as const;

export const APPENDED = {
  type: 'object',
  properties: {
    id: text,
    conversation_id: text,
    sequence: whole,
    message_from: text,
    content: text,
    run_id: maybe,
    agent_id: maybe,
    user_id: maybe,
    requested_time: time,
    input_tokens: whole,
    answer_tokens: whole,
    total_tokens: whole,
    feedback: maybe,
    tenant_id: text,
    tenant_unit_id: maybe,
    ...authorship,
    metadata: json,
  },
} as const;

const page = {
  page_num: whole,
  page_size: whole,
  total_count: whole,
  total_pages: whole,
  has_next_page: { type: 'boolean' },
} as const;

export const CONVERSATIONS = {
  type: 'object',
  properties: { ...page, next_cursor: maybe, data: { type: 'array', items: CONVERSATION } },
} as const;

export const MESSAGES = {
  type: 'object',
  properties: { ...page, data: { type: 'array', items: APPENDED } },
} as const;

export const CREATE = {
  type: 'object',
  properties: { topic: text, status: text, agent_id: text, inputs: { type: 'object' } },
} as const;

export const MESSAGE = {
  type: 'object',
  required: ['message_from', 'content'],
  properties: { message_from: text, content: text, metadata: { type: 'object' } },
} as const;

export const BATCH = {
  type: 'object',
  required: ['messages'],
  properties: { messages: { type: 'array', minItems: 1, maxItems: 500, items: MESSAGE } },
} as const;
