import { ConversationFilterQuery } from '../../conversations/dto/conversation-filter.query.js';
import { PARAMETER } from '../../http/validation/field.js';
import { IdField } from '../../http/validation/id-fields.js';

export class ExportConversationsQuery extends ConversationFilterQuery {
  @IdField({
    ...PARAMETER,
    example: '019c12f4-8a00-7c1d-9a4b-5e2f6d3c1b0a',
    description: 'Goes on behind this conversation, whether it is still there or not.',
  })
  after?: string;
}
