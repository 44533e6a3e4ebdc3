import type { RequestExamples } from '../../api/operation-docs.js';

export const UPDATE_CONVERSATION_EXAMPLES: RequestExamples = {
  topic: { summary: 'Another topic', value: { topic: 'Table for three in San Jose' } },
  properties: { summary: 'Other properties', value: { extend_properties: { channel: 'app' } } },
};

export const UPDATE_STATUS_EXAMPLES: RequestExamples = {
  completed: { summary: 'The run is done', value: { status: 'completed' } },
  cancelled: { summary: 'The run was called off', value: { status: 'cancelled' } },
};
