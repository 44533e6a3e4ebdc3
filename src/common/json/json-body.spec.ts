import { describe, expect, it } from '@jest/globals';
import { jsonArray, JsonBody, jsonOf, jsonWith } from './json-body.js';

class Thing extends JsonBody {
  readonly #exact: string;

  constructor(
    readonly name: string,
    exact: string,
  ) {
    super();
    this.#exact = exact;
  }

  toText(): string {
    return jsonWith(this, { exact: this.#exact });
  }
}

describe('a JSON body', () => {
  const text = '{"n":12345678901234567890, "s":"a \\" } and \\\\"}';

  it('hands JSON text on as it is, behind its other members', () => {
    expect(jsonOf(new Thing('Zimmer "2"', text))).toBe(`{"name":"Zimmer \\"2\\"","exact":${text}}`);
  });

  it('is one of several in an array', () => {
    expect(jsonArray([new Thing('a', '{}'), new Thing('b', text)])).toBe(
      `[{"name":"a","exact":{}},{"name":"b","exact":${text}}]`,
    );
    expect(jsonArray([])).toBe('[]');
  });

  it('leaves all other bodies to JSON.stringify', () => {
    expect(jsonOf({ a: [1, null, undefined] })).toBe('{"a":[1,null,null]}');
  });
});
