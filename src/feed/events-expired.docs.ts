import type { ProblemDocs } from '../api/operation-docs.js';

/** `events_expired` in the document, of whatever starts at an event. */
export const EVENTS_EXPIRED: ProblemDocs = {
  code: 'events_expired',
  members: {
    earliest: {
      type: 'string',
      description: 'Id behind which the first event that is kept follows.',
      example: '9f2c51e07a-0',
    },
  },
};
