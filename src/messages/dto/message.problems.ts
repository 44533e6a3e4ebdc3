import type { ProblemDocs } from '../../api/operation-docs.js';

export const SEQUENCE_CONFLICT: ProblemDocs = {
  code: 'sequence_conflict',
  members: {
    last_sequence: {
      description: 'With `sequence_conflict`: the `sequence` of the last message that the conversation has.',
      type: 'integer',
      example: 2,
    },
  },
};
