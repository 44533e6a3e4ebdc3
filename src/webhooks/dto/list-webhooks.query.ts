import { DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE } from '../../common/pagination/page.js';
import { CursorParameter } from '../../http/validation/cursor-parameter.js';
import { IntegerParameter } from '../../http/validation/integer-fields.js';
import { TenantQuery } from '../../tenancy/tenant.query.js';

/** Of lists that are read from cursor to cursor. */
export class CursorQuery extends TenantQuery {
  @IntegerParameter({ min: 1, max: MAX_PAGE_SIZE, default: DEFAULT_PAGE_SIZE, description: 'Items a page.' })
  page_size: number = DEFAULT_PAGE_SIZE;

  @CursorParameter('`next_cursor` of a page: goes on behind its last item.')
  cursor?: string;

  /** What the service is asked for. */
  toRequest(): { pageSize: number; cursor: string | undefined } {
    return { pageSize: this.page_size, cursor: this.cursor };
  }
}
