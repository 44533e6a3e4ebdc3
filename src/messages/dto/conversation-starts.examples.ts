import type { RequestExamples } from '../../api/operation-docs.js';
import { EXAMPLE_AGENT_ID, TOPIC } from '../../conversations/dto/conversation-fields.js';

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
  named: {
    summary: 'With a name of your own, created once, and its first messages',
    value: {
      external_id: 'slack/C024BE91L/1482960137.003543',
      if_exists: 'return',
      user_id: 'ada@example.org',
      messages: [
        { message_from: 'system', content: 'You book tables.' },
        { message_from: 'user', content: 'I want a table for 2 people at half past 11.' },
      ],
    },
  },
};

export const FORK_CONVERSATION_EXAMPLES: RequestExamples = {
  all: { summary: 'With all messages', value: { topic: 'Another try' } },
  retry: { summary: 'Up to a message, to answer it anew', value: { up_to_sequence: 1 } },
};
