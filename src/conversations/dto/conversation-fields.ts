import { RUN_STATUSES } from '../run-status.js';

/** What more than one DTO says of the same thing. */
export const STATUS = {
  values: RUN_STATUSES,
  name: 'WorkforceRunStatus',
  docs: {
    description: `How the run behind a conversation stands, as its clients say; any may follow any other.

- \`queued\`: it has not begun.
- \`running\`: the agent is at work. A new conversation is that.
- \`input_required\`: it waits for somebody to say something.
- \`paused\`: it was stopped for a while.
- \`completed\`, \`failed\`, \`cancelled\`: it ended well, by a fault, or because somebody wanted it to.
- \`expired\`: it was waited for too long.`,
  },
};
export const MAX_JSON_BYTES = 64 * 1024;
export const EXTEND_PROPERTIES = {
  maxBytes: MAX_JSON_BYTES,
  example: { channel: 'website' },
  description: 'Whatever else belongs to it. Kept as its exact JSON value, up to 64 KiB.',
};
export const EXAMPLE_AGENT_ID = '8f9d2c1e-5b7a-4f0e-9c3d-2a1b6e4d7f80';
export const TOPIC = {
  min: 1,
  max: 255,
  description: 'What the conversation is about, for people.',
  example: 'Table for two in San Jose',
};
