import { ApiPromise } from './api-promise.js';
import type { Call, Transport } from './transport.js';

interface PageOf<Item> {
  data: Item[];
}

/** A promise of one page of a list, and a way through all that follow: `for await` asks for each when it is needed. */
export class PagePromise<Page extends PageOf<Item>, Item = Page['data'][number]>
  extends ApiPromise<Page>
  implements AsyncIterable<Item>
{
  readonly #next: (page: Page) => PagePromise<Page, Item> | null;

  /** `next` asks for what follows a page; it answers null at the end. */
  constructor(first: ApiPromise<Page>, next: (page: Page) => PagePromise<Page, Item> | null) {
    super(first.withResponse());
    this.#next = next;
  }

  async *pages(): AsyncGenerator<Page, void> {
    let page: Page = await this;
    yield page;
    for (let next = this.#next(page); next; next = this.#next(page)) {
      page = await next;
      yield page;
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Item, void> {
    for await (const page of this.pages()) yield* page.data;
  }

  /** Reads on until the end, or until there are `limit` items. */
  async toArray(limit = Infinity): Promise<Item[]> {
    const items: Item[] = [];
    if (limit <= 0) return items;
    for await (const item of this) {
      if (items.push(item) >= limit) break;
    }
    return items;
  }
}

/** A list that goes on by cursor: any page costs the same, and nothing is counted again. */
export function listByCursor<Page extends PageOf<Page['data'][number]> & { next_cursor: string | null }>(
  transport: Transport,
  { path, query, options }: Pick<Call, 'path' | 'query' | 'options'>,
): PagePromise<Page> {
  return new PagePromise(transport.send<Page>({ method: 'GET', path, query, options }), ({ next_cursor }) =>
    next_cursor === null
      ? null
      : listByCursor(transport, {
          path,
          query: { ...query, page_num: undefined, cursor: next_cursor },
          options,
        }),
  );
}
