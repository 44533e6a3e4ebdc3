import type { DialogueMessage } from './dialogue-message.js';
import { limits } from './limits.js';

/** The body of one append of several messages, as JSON, and how many it holds. */
interface Batch {
  body: string;
  count: number;
}

/** Cuts a conversation into appends that the service accepts, in order; a body is made when it is asked for. */
export function* batchesOf(messages: Iterable<DialogueMessage>): Generator<Batch> {
  let batch: string[] = [];
  let bytes = 0;
  for (const message of messages) {
    const json = JSON.stringify(message);
    const jsonBytes = Buffer.byteLength(json) + 1;
    const isFull = batch.length === limits.batchMessages || bytes + jsonBytes > limits.batchBytes;
    if (isFull && batch.length > 0) {
      yield toBatch(batch);
      batch = [];
      bytes = 0;
    }
    batch.push(json);
    bytes += jsonBytes;
  }
  if (batch.length > 0) yield toBatch(batch);
}

function toBatch(messages: string[]): Batch {
  return { body: `{"messages":[${messages.join(',')}]}`, count: messages.length };
}
