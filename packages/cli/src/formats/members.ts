import { isObject, type JsonObject } from '../json.js';

/** The members of an object, taken one by one; what nobody understood is left over. */
export class Members {
  readonly #left: Map<string, unknown>;

  constructor(source: JsonObject) {
    this.#left = new Map(Object.entries(source));
  }

  /** Takes the first of these members that `parse` understands. */
  take<Value>(names: readonly string[], parse: (value: unknown) => Value | undefined): Value | undefined {
    for (const name of names) {
      const value = parse(this.#left.get(name));
      if (value === undefined) continue;
      this.#left.delete(name);
      return value;
    }
    return undefined;
  }

  /** As `take`, for what says more than one thing, and stays. */
  peek<Value>(names: readonly string[], parse: (value: unknown) => Value | undefined): Value | undefined {
    return names.map((name) => parse(this.#left.get(name))).find((value) => value !== undefined);
  }

  drop(...names: string[]): void {
    for (const name of names) this.#left.delete(name);
  }

  /** What is left, but for what says nothing. An object that is named `nested` gives its members, where none is in the way. */
  rest(nested?: string): JsonObject {
    const inner = nested === undefined ? undefined : this.#left.get(nested);
    const isInTheWay =
      isObject(inner) && Object.keys(inner).some((key) => this.#left.has(key) && key !== nested);
    if (nested !== undefined && isObject(inner) && !isInTheWay) this.#left.delete(nested);
    const others = [...this.#left].filter(([, value]) => value !== null && value !== undefined);
    const own = isObject(inner) && !isInTheWay ? Object.entries(inner) : [];
    // Not by assignment, to which `__proto__` would be no name like others.
    return Object.fromEntries([...own, ...others]);
  }
}
