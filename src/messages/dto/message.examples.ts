import type { RequestExamples } from '../../api/operation-docs.js';

export const APPEND_MESSAGE_EXAMPLES: RequestExamples = {
  question: {
    summary: 'What a user says',
    value: { message_from: 'user', content: 'I want a table for 2 people at half past 11.' },
  },
  answer: {
    summary: 'What an agent answers, with its run and tokens',
    value: {
      message_from: 'agent',
      content: 'Which city should it be in?',
      run_id: 'run-42',
      input_tokens: 12,
      answer_tokens: 7,
      metadata: { acts: ['REQUEST'] },
    },
  },
  parts: {
    summary: 'What an agent says in parts: text, and a call of a tool',
    value: {
      message_from: 'agent',
      run_id: 'run-42',
      parts: [
        { type: 'text', text: 'Let me look.' },
        { type: 'tool_call', id: 'call-1', name: 'find_table', arguments: { seats: 2 } },
      ],
    },
  },
  named: {
    summary: 'With a name of your own: stored once, however often it is sent',
    value: {
      message_from: 'user',
      content: 'Yes, please.',
      external_id: 'wamid.HBgLMTU1NTU1NTU1NTU',
      if_exists: 'return',
    },
  },
};

export const APPEND_MESSAGES_EXAMPLES: RequestExamples = {
  exchange: {
    summary: 'An exchange, in the order in which it was said',
    value: {
      messages: [
        { message_from: 'user', content: 'San Jose, please.' },
        { message_from: 'agent', content: 'Billy Berk’s has a table at 11:30. Shall I book it?' },
        { message_from: 'user', content: 'Yes, thank you 🙏' },
      ],
    },
  },
};
