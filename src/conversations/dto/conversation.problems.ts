import type { ProblemDocs } from '../../api/operation-docs.js';
import { RUN_STATUSES } from '../run-status.js';

export const STATUS_CONFLICT: ProblemDocs = {
  code: 'status_conflict',
  members: {
    current_status: {
      description: 'With `status_conflict`: the status that the conversation has.',
      enum: RUN_STATUSES,
      example: 'cancelled',
    },
  },
};
