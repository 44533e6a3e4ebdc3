/** One page of a list, with what is needed to go on. Numbers are null where the page was reached without counting. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly pageNumber: number | null;
  readonly pageSize: number;
  readonly totalCount: number | null;
  readonly hasNextPage: boolean;
}

export const DEFAULT_PAGE_SIZE = 20;
export const MAX_PAGE_SIZE = 200;
/** Times the largest page size it is still less than 2^63, which every engine can compare. */
export const MAX_PAGE_NUMBER = Number.MAX_SAFE_INTEGER;
