/** What a field's raw value becomes before it is validated; what cannot be converted stays as it is and fails there. */
type Conversion = (raw: unknown) => unknown;
type Class = abstract new () => object;
/** What an array holds, and how many; a longer one is refused without a look at its elements. */
interface Elements {
  Element: new () => object;
  maxLength: number;
}

const conversions = new WeakMap<object, Map<string, Conversion>>();
const elements = new WeakMap<object, Map<string, Elements>>();

function own<V>(registry: WeakMap<object, Map<string, V>>, prototype: object): Map<string, V> {
  const map = registry.get(prototype) ?? new Map<string, V>();
  registry.set(prototype, map);
  return map;
}

function lookUp<V>(registry: WeakMap<object, Map<string, V>>, Dto: Class, key: string): V | undefined {
  for (let p: unknown = Dto.prototype; typeof p === 'object' && p !== null; p = Object.getPrototypeOf(p)) {
    const found = registry.get(p)?.get(key);
    if (found) return found;
  }
  return undefined;
}

/** Property decorator: converts the raw value of a field. */
export const ConvertedBy =
  (convert: Conversion): PropertyDecorator =>
  (prototype, key) =>
    void own(conversions, prototype).set(String(key), convert);

/** Property decorator: the field is an array whose elements are read as this DTO. */
export const ElementsOf =
  (held: Elements): PropertyDecorator =>
  (prototype, key) =>
    void own(elements, prototype).set(String(key), held);

export const conversionOf = (Dto: Class, key: string): Conversion | undefined =>
  lookUp(conversions, Dto, key);
export const elementOf = (Dto: Class, key: string): Elements | undefined => lookUp(elements, Dto, key);
