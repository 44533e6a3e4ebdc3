type Class = abstract new () => object;

/** How the raw value of a field is read before it is validated. */
export interface Reading {
  /** What it becomes; what cannot be converted stays as it is and fails validation. */
  readonly convert?: (raw: unknown) => unknown;
  /** It is an array whose elements are read as this DTO; a longer one is refused without a look at its elements. */
  readonly elements?: { readonly Element: new () => object; readonly maxLength: number };
  /** An array or object that is kept as it was written: the DTO holds a WrittenJson. */
  readonly isWritten?: boolean;
  /** Null is a value of its own; of every other field it is the same as absence. */
  readonly keepsNull?: boolean;
  /** Nothing need be checked where it is absent. */
  readonly mayBeAbsent?: boolean;
  /** As a query parameter it may be given several times. */
  readonly repeats?: boolean;
}

const readings = new WeakMap<object, Map<string, Reading>>();

/** Property decorator: how a field is read. What several of them say of one field holds together. */
export const ReadAs =
  (reading: Reading): PropertyDecorator =>
  (prototype, key) => {
    const own = readings.get(prototype) ?? new Map<string, Reading>();
    readings.set(prototype, own.set(String(key), { ...own.get(String(key)), ...reading }));
  };

export function readingOf(Dto: Class, key: string): Reading {
  for (let p: unknown = Dto.prototype; typeof p === 'object' && p !== null; p = Object.getPrototypeOf(p)) {
    const found = readings.get(p)?.get(key);
    if (found) return found;
  }
  return {};
}
