import { isList, isObject, type JsonObject, numberOf } from '../json.js';
import type { Found } from './splitter.js';

/** A conversation of an export, whose messages go on in the lines behind it. */
interface Held {
  found: Found;
  conversation: JsonObject;
  messages: unknown[];
}

/**
 * Puts the lines of Colloquy's own export together (`{"format": "colloquy/1"}` comes first): conversations whose messages
 * go on in further lines, and those that were deleted meanwhile. An export without its last line is named.
 */
export async function* joinExport(values: AsyncIterable<Found>): AsyncGenerator<Found> {
  let isExport = false;
  let isWhole = false;
  let held: Held | undefined;
  let conversations = 0;
  let place = '';
  for await (const found of values) {
    const value = 'value' in found && isObject(found.value) ? found.value : {};
    if (value.format === 'colloquy/1') {
      isExport = true;
      continue;
    }
    if (!isExport) {
      yield found;
      continue;
    }
    place = found.place;
    const isOfHeld = held !== undefined && value.conversation_id === held.conversation.id;
    if (isOfHeld && isList(value.messages)) {
      held?.messages.push(...value.messages);
      continue;
    }
    if (held && !(isOfHeld && value.deleted === true)) yield release(held);
    if (held) conversations += 1;
    held = undefined;
    if (isLastLine(value)) {
      isWhole = (numberOf(value.conversations) ?? 0) <= conversations;
    } else if (typeof value.id === 'string' && isList(value.messages)) {
      held = { found, conversation: value, messages: [...value.messages] };
    } else if (!isOfHeld) {
      yield found;
    }
  }
  if (held) yield release(held);
  if (isExport && !isWhole)
    yield { fault: 'the export is not whole: its last line is missing, or counts more', place };
}

const isLastLine = (value: JsonObject) =>
  numberOf(value.conversations) !== undefined && 'events_after' in value;

const release = ({ found, conversation, messages }: Held): Found => ({
  value: { ...conversation, messages },
  place: found.place,
});
