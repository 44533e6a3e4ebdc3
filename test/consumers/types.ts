// What a stranger's own types go through; compiled, never run.
import { Colloquy, type Event, type NewMessage } from '@colloquy/client';

interface ToolCall {
  type: 'tool_call';
  id: string;
  arguments: { seats: number };
}
interface Marks {
  seen: boolean;
  note?: string;
}
const calls: readonly ToolCall[] = [{ type: 'tool_call', id: 'call-1', arguments: { seats: 2 } }];
const marks: Marks = { seen: true };
const { conversations, events } = new Colloquy({ baseUrl: 'http://127.0.0.1:3000' });
const { messages } = conversations;

const message: NewMessage = { message_from: 'agent', parts: calls, metadata: marks };
await messages.append('…', message);
await messages.append('…', {
  message_from: 'agent',
  parts: [...calls, { type: 'text', text: 'At eight?' }],
  metadata: { ...marks, seats: [1, 2] },
});
await messages.appendAll('…', { messages: [message], if_exists: 'return' } as const);
await messages.update('…', '…', { metadata: marks });
await conversations.create({ inputs: marks, extend_properties: marks, messages: [message] });
await conversations.update('…', { extend_properties: marks });

// @ts-expect-error A list is no object.
await conversations.create({ inputs: [1] });
// @ts-expect-error A part has a type,
await messages.append('…', { message_from: 'agent', parts: [marks] });
// @ts-expect-error which is text.
await messages.append('…', { message_from: 'agent', parts: [{ type: 1 }] });
// @ts-expect-error A message has no role.
await messages.append('…', { message_from: 'agent', content: '', role: 'assistant' });

/** Each type, and what only it tells. */
function tell(event: Event): string | number {
  switch (event.type) {
    case 'conversation.created':
      return event.data.forked_from?.sequence ?? event.data.status;
    case 'conversation.updated':
      return event.data.members.join();
    case 'conversation.status_changed':
      return event.data.previous_status;
    case 'conversation.deleted':
      return event.conversation_id;
    case 'message.created':
      return event.data.message_from;
    case 'message.updated':
    case 'message.redacted':
      return event.data.sequence;
  }
}
for await (const event of events.list()) tell(event);
for (const { data } of (await events.list({ types: ['message.created'] })).data) data.total_tokens.toFixed();
for await (const { type, data } of events.stream({ types: ['message.created', 'message.redacted'] }))
  console.log(type satisfies 'message.created' | 'message.redacted', data.message_id);

// @ts-expect-error No such type.
events.list({ types: ['message.vanished'] });
// @ts-expect-error Not known before its type is.
for await (const { data } of events.stream()) console.log(data.sequence);
