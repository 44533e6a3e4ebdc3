import { DEFAULT_PAGE_SIZE, MAX_PAGE_NUMBER, MAX_PAGE_SIZE } from '../../common/pagination/page.js';
import { EnumField, EnumListParameter } from '../../http/validation/enum-fields.js';
import { PARAMETER } from '../../http/validation/field.js';
import { ExternalIdField } from '../../http/validation/id-fields.js';
import { IntegerParameter } from '../../http/validation/integer-fields.js';
import { PageInsteadOf } from '../../http/validation/page-instead-of.js';
import { TenantQuery } from '../../tenancy/tenant.query.js';
import { OMISSIBLE, type Omissible } from '../message.entity.js';
import type { MessagePageRequest } from '../messages.service.js';

const ORDERS = ['oldest', 'recent'] as const;
const SEQUENCE = { min: 0, max: Number.MAX_SAFE_INTEGER };

export class ListMessagesQuery extends TenantQuery {
  @IntegerParameter({
    min: 1,
    max: MAX_PAGE_NUMBER,
    default: 1,
    description: 'Page number, from 1. A page past the end has no data.',
  })
  @PageInsteadOf('after_sequence', 'before_sequence')
  page?: number;

  @IntegerParameter({
    min: 1,
    max: MAX_PAGE_SIZE,
    default: DEFAULT_PAGE_SIZE,
    description: 'Messages a page.',
  })
  page_size: number = DEFAULT_PAGE_SIZE;

  @EnumField({
    values: ORDERS,
    name: 'MessageOrder',
    docs: { description: 'Order of a list of messages.', default: 'oldest' },
    ...PARAMETER,
    default: 'oldest',
    description: '`oldest`: the order in which they were said. `recent`: its reverse.',
  })
  order: 'oldest' | 'recent' = 'oldest';

  @IntegerParameter({
    ...SEQUENCE,
    description: 'Instead of `page` (which then may only be 1): only messages behind this sequence.',
  })
  after_sequence?: number;

  @IntegerParameter({
    ...SEQUENCE,
    description: 'Instead of `page` (which then may only be 1): only messages before this sequence.',
  })
  before_sequence?: number;

  @ExternalIdField({ ...PARAMETER, description: 'Only the message with this name of yours.' })
  external_id?: string;

  @EnumListParameter({
    values: OMISSIBLE,
    name: 'OmissibleMember',
    docs: { description: 'A member of messages that a list may leave out.' },
    description: 'Members that are not read and are null in the answer; repeated or comma-separated.',
  })
  omit?: Omissible[];

  /** What the service is asked for. */
  toRequest(): MessagePageRequest {
    const bySequence = this.after_sequence !== undefined || this.before_sequence !== undefined;
    return {
      order: this.order,
      pageSize: this.page_size,
      externalId: this.external_id,
      omitted: OMISSIBLE.filter((member) => this.omit?.includes(member)),
      from: bySequence
        ? { afterSequence: this.after_sequence, beforeSequence: this.before_sequence }
        : { pageNumber: this.page ?? 1 },
    };
  }
}
