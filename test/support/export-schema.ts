import type { JsonSchema, Schemas } from './arbitrary-requests.js';

/**
 * The lines of an export (`colloquy/1`) that is whole, which openapi.json says in words: a first one, conversations with
 * messages as they are everywhere else, and a last one.
 */
export function exportSchema({ Conversation: conversation }: Schemas) {
  const ofLine = (properties: Record<string, unknown>) => ({
    type: 'object',
    properties,
    required: Object.keys(properties),
    additionalProperties: false,
  });
  const events_after = { type: ['string', 'null'] };
  const messages: JsonSchema = { type: 'array', items: { $ref: '#/components/schemas/Message' } };
  const conversation_id = { type: 'string', format: 'uuid' };
  const count = { type: 'integer', minimum: 0 };
  const lines = [
    {
      ...ofLine({ ...conversation?.properties, messages }),
      required: [...(conversation?.required ?? []), 'messages'],
    },
    ofLine({ conversation_id, messages }),
    ofLine({ conversation_id, deleted: { const: true } }),
  ];
  return ofLine({
    first: ofLine({ format: { const: 'colloquy/1' }, events_after }),
    lines: { type: 'array', items: { anyOf: lines } },
    last: ofLine({ conversations: count, messages: count, events_after }),
  });
}
