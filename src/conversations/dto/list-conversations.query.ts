import { DEFAULT_PAGE_SIZE, MAX_PAGE_NUMBER, MAX_PAGE_SIZE } from '../../common/pagination/page.js';
import { CursorParameter } from '../../http/validation/cursor-parameter.js';
import { EnumField } from '../../http/validation/enum-fields.js';
import { PARAMETER } from '../../http/validation/field.js';
import { IntegerParameter } from '../../http/validation/integer-fields.js';
import { PageInsteadOf } from '../../http/validation/page-instead-of.js';
import { CONVERSATION_ORDERS, type ConversationOrder } from '../conversation-list.js';
import type { ConversationPageRequest } from '../conversation-lists.service.js';
import { ConversationFilterQuery } from './conversation-filter.query.js';

export class ListConversationsQuery extends ConversationFilterQuery {
  @IntegerParameter({
    min: 1,
    max: MAX_PAGE_NUMBER,
    default: 1,
    description: 'Page number, from 1. A page past the end has no data.',
  })
  @PageInsteadOf('cursor')
  page_num?: number;

  @IntegerParameter({ min: 1, max: MAX_PAGE_SIZE, default: DEFAULT_PAGE_SIZE, description: 'Items a page.' })
  page_size: number = DEFAULT_PAGE_SIZE;

  @EnumField({
    values: CONVERSATION_ORDERS,
    name: 'ConversationOrder',
    docs: { description: 'Order of a list of conversations.', default: 'recent' },
    ...PARAMETER,
    default: 'recent',
    description:
      '`recent`: newest created first. `oldest`: its exact reverse. `active`: latest activity first.',
  })
  order: ConversationOrder = 'recent';

  @CursorParameter(
    '`next_cursor` of a page: goes on behind its last row, at the same cost however deep. Send the same filters and order, and no `page_num` but 1.',
  )
  cursor?: string;

  /** What the service is asked for. */
  toRequest(): ConversationPageRequest {
    return {
      filter: this.toFilter(),
      order: this.order,
      pageSize: this.page_size,
      from: this.cursor === undefined ? { pageNumber: this.page_num ?? 1 } : { cursor: this.cursor },
    };
  }
}
