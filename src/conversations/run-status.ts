/** The source API's WorkforceRunStatus. Any may follow any other. */
export const RUN_STATUSES = [
  'queued',
  'running',
  'input_required',
  'paused',
  'completed',
  'failed',
  'cancelled',
  'expired',
] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

export const DEFAULT_RUN_STATUS: RunStatus = 'running';
