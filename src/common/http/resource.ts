/** A response body that is one thing of its own: it has an address and a version. Neither stands in its JSON. */
export abstract class Resource {
  /** Path of the thing, for `Location`. */
  abstract path(): string;
}

export const BASE_PATH = '/admin/api/v2';
