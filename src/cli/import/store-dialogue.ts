import { batchesOf } from './batches.js';
import type { ColloquyClient } from './colloquy-client.js';
import type { Dialogue } from './dialogue.js';
import { LineFailed, RequestFailed } from './import-errors.js';

/**
 * Creates a conversation with all its messages, in order, or leaves nothing of it.
 * `key` makes the idempotency keys, so it must be another one for every dialogue.
 */
export async function storeDialogue(
  client: ColloquyClient,
  dialogue: Dialogue,
  agentId: string | undefined,
  key: string,
): Promise<void> {
  const conversation = { ...dialogue.conversation, status: 'completed', agent_id: agentId };
  const id = await client.createConversation(conversation, `${key}-0`);
  try {
    await appendAll(client, id, dialogue, key);
  } catch (error) {
    await remove(client, id, error);
    throw error;
  }
}

/** The sequence that the service gives the last message proves that all before it are there, and only once. */
async function appendAll(client: ColloquyClient, id: string, dialogue: Dialogue, key: string): Promise<void> {
  let batches = 0;
  let sent = 0;
  for (const { body, count } of batchesOf(dialogue.messages)) {
    batches += 1;
    sent += count;
    const sequence = await client.appendMessages(id, body, `${key}-${batches}`);
    if (sequence !== sent) throw new LineFailed(`sent ${sent} messages, the server has ${sequence}`);
  }
}

/** Takes back what was stored; when that fails too, the reason says what is left over. */
async function remove(client: ColloquyClient, id: string, reason: unknown): Promise<void> {
  try {
    await client.deleteConversation(id);
  } catch (error) {
    const isGone = error instanceof RequestFailed && error.code === 'conversation_not_found';
    if (!isGone && reason instanceof Error) reason.message += `; conversation ${id} stays behind, incomplete`;
  }
}
