import type { MessageFrom, WorkforceRunStatus } from '@colloquy/client';
import type { JsonObject } from '../json.js';

/** A piece of a message as the API takes it. */
export type Part = JsonObject & { type: string };

export type Sender = MessageFrom;
export type Status = WorkforceRunStatus;

const STATUSES: Readonly<Record<Status, true>> = {
  queued: true,
  running: true,
  input_required: true,
  paused: true,
  completed: true,
  failed: true,
  cancelled: true,
  expired: true,
};
export const isStatus = (value: unknown): value is Status =>
  typeof value === 'string' && Object.hasOwn(STATUSES, value);

/** A message as a file has it. Names are the API's; times are milliseconds since 1970, as far as the file knows them. */
export interface MessageDraft {
  message_from: Sender;
  content: string;
  parts: Part[] | null;
  metadata: JsonObject;
  external_id?: string | undefined;
  created_time?: number | undefined;
  requested_time?: number | undefined;
  run_id?: string | undefined;
  agent_id?: string | undefined;
  user_id?: string | null | undefined;
  input_tokens?: number | undefined;
  answer_tokens?: number | undefined;
  total_tokens?: number | undefined;
  feedback?: string | undefined;
  hidden?: boolean | undefined;
  /** Emptied in Colloquy, so it has to be emptied again. */
  redacted?: boolean | undefined;
}

/** A conversation as a file has it, before it is fitted to what the API takes. */
export interface ConversationDraft {
  /** What the source calls it. */
  id?: string | undefined;
  /** For Colloquy's own, whose names stay as they are. */
  external_id?: string | undefined;
  /** For Colloquy's own: the unit it is in, unless the caller names one. */
  tenant_unit_id?: string | undefined;
  topic?: string | undefined;
  status?: Status | undefined;
  agent_id?: string | undefined;
  user_id?: string | null | undefined;
  assignment_id?: string | undefined;
  agent_mode?: string | undefined;
  agent_type?: string | undefined;
  invoke_from?: string | undefined;
  inputs?: JsonObject | undefined;
  extend_properties: JsonObject;
  created_time?: number | undefined;
  messages: MessageDraft[];
  /** Other ways that the conversation took, each from its beginning; `id` is that of its last message. */
  branches?: { id: string; messages: MessageDraft[] }[] | undefined;
}

/** An entry of a file that is not what it should be. The message never quotes what people said. */
export class Unreadable extends Error {}
