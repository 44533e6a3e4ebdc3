import { JsonBody } from '../common/json/json-body.js';

/** A response body that is one thing of its own: its address and its version are the headers `Location` and `ETag`. */
export abstract class Resource extends JsonBody {
  readonly #version: number;

  constructor(version: number) {
    super();
    this.#version = version;
  }

  /** Path of the thing. */
  abstract path(): string;

  /** Strong entity tag (RFC 9110, section 8.8.3): another one after every change. */
  etag(): string {
    return etagOf(this.#version);
  }
}

export const BASE_PATH = '/admin/api/v2';

export const etagOf = (version: number): string => `"${version}"`;
