import type { RequestExamples } from '../../api/operation-docs.js';
import { EXAMPLE_AGENT_ID, TOPIC } from './conversation-fields.js';

export const CREATE_CONVERSATION_EXAMPLES: RequestExamples = {
  booking: {
    summary: 'With an agent and its inputs',
    value: {
      topic: TOPIC.example,
      agent_id: EXAMPLE_AGENT_ID,
      inputs: { city: 'San Jose', seats: 2 },
    },
  },
  defaults: { summary: 'Nothing said: a running conversation without an agent', value: {} },
};

export const UPDATE_STATUS_EXAMPLES: RequestExamples = {
  completed: { summary: 'The run is done', value: { status: 'completed' } },
  cancelled: { summary: 'The run was called off', value: { status: 'cancelled' } },
};
