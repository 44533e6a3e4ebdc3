import { ApiProperty } from '@nestjs/swagger';
import { JsonBody } from '../common/json/json-body.js';
import { MAX_PAGE_SIZE, type Page } from '../common/pagination/page.js';

/** What every list answers around its `data`. */
export abstract class PageResponse extends JsonBody {
  @ApiProperty({
    type: 'integer',
    nullable: true,
    minimum: 1,
    example: 1,
    description: 'The page asked for; null where the list was continued without a page number.',
  })
  page_num: number | null;

  @ApiProperty({
    type: 'integer',
    minimum: 1,
    maximum: MAX_PAGE_SIZE,
    example: 20,
    description: 'How many items a page has.',
  })
  page_size: number;

  @ApiProperty({
    type: 'integer',
    minimum: 0,
    example: 1,
    description: 'Exactly how many items the list has.',
  })
  total_count: number | null;

  @ApiProperty({
    type: 'integer',
    minimum: 0,
    example: 1,
    description: '`ceil(total_count / page_size)`.',
  })
  total_pages: number | null;

  @ApiProperty({ type: Boolean, example: false, description: 'Whether there are items behind this page.' })
  has_next_page: boolean;

  constructor({ pageNumber, pageSize, totalCount, hasNextPage }: Page<unknown>) {
    super();
    this.page_num = pageNumber;
    this.page_size = pageSize;
    this.total_count = totalCount;
    this.total_pages = totalCount === null ? null : Math.ceil(totalCount / pageSize);
    this.has_next_page = hasNextPage;
  }
}
