import type { Sender } from './draft.js';

const NAMES: Record<Sender, string> = {
  user: 'user human prompter customer client humanmessage humanmessagechunk user_message question visitor',
  agent:
    'agent assistant ai model gpt bot chatgpt bing bard claude gemini llm aimessage aimessagechunk assistant_message ' +
    'function_call tool_call tool_calls reasoning answer chatbot',
  system: 'system developer systemmessage system_message',
  tool:
    'tool function observation function_response tool_response tool_result function_result tool_output ipython ' +
    'environment toolmessage functionmessage tool_return_message data',
};

const SENDERS = new Map(
  Object.entries(NAMES).flatMap(([sender, names]) => names.split(' ').map((name) => [name, sender])),
);

export const isSender = (value: unknown): value is Sender =>
  typeof value === 'string' && Object.hasOwn(NAMES, value);

/** Who speaks, by any name that chats have for it. */
export function senderOf(role: unknown): Sender | undefined {
  if (typeof role !== 'string') return undefined;
  const sender = SENDERS.get(role.trim().toLowerCase());
  return isSender(sender) ? sender : undefined;
}
