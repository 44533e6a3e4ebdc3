import type { NewMessage } from './fit.js';
import { limits } from './limits.js';

/** Cuts messages into requests that the service takes, in order. A single one is never too large: see `fitSize`. */
export function* batchesOf(messages: readonly NewMessage[]): Generator<NewMessage[]> {
  let batch: NewMessage[] = [];
  let bytes = 0;
  let values = 0;
  for (const message of messages) {
    bytes += message.bytes + 1;
    values += message.values;
    const isFull =
      batch.length === limits.batchMessages ||
      bytes > limits.bodyBytes - 2 * limits.objectBytes ||
      values > limits.bodyValues;
    if (isFull && batch.length > 0) {
      yield batch;
      batch = [];
      bytes = message.bytes + 1;
      values = message.values;
    }
    batch.push(message);
  }
  if (batch.length > 0) yield batch;
}
