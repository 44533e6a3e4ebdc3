import type { JsonObject } from '../json.js';

const IS_TRANSCRIPT = /^\s*Human: ?[^]*\n\nAssistant:/;
const BEFORE_TURN = /\n\n(?=(?:Human|Assistant):)/;

/**
 * The messages of a whole conversation that stands in one text, `\n\nHuman: …\n\nAssistant: …`, as Anthropic's first models
 * were spoken to; null for any other text. What ends with `Assistant:` waits for its answer.
 */
export function readTranscript(text: string): JsonObject[] | null {
  if (!IS_TRANSCRIPT.test(text)) return null;
  const turns = text.trim().split(BEFORE_TURN);
  if (turns.at(-1) === 'Assistant:') turns.pop();
  return turns.map((turn) => {
    const end = turn.indexOf(':');
    return { role: turn.slice(0, end), content: turn.slice(end + 1).trim() };
  });
}
