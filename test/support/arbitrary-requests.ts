import fc from 'fast-check';

/** JSON Schema, as far as openapi.json uses it. */
export interface JsonSchema {
  $ref?: string;
  type?: string | string[];
  format?: string;
  pattern?: string;
  enum?: string[];
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  minItems?: number;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  additionalProperties?: boolean;
  items?: JsonSchema;
  allOf?: JsonSchema[];
  anyOf?: JsonSchema[];
}

export type Schemas = Readonly<Record<string, JsonSchema>>;
/** What is worth trying of members and parameters, by their names, beside what their schemas say: JSON values. */
export type Hints = Readonly<Record<string, readonly unknown[]>>;

/** Text that careless code trips over. */
const ODD_TEXTS = [
  '',
  ' ',
  '\0',
  '\ud800',
  '\udc00x',
  '\u202eabc\u0000',
  '👩‍👩‍👧',
  'e\u0301',
  '\ufeffbom',
  '\u2028',
  "' OR 1=1 --",
  '"; DROP TABLE message; --',
  '?',
  '%s%n%00',
  '../../etc/passwd',
  '${7*7}',
  '<script>',
  'null',
  'undefined',
  '__proto__',
  '0',
  '-1',
  '1e3',
  '0x10',
  '1.5',
  '9007199254740993',
  '1e400',
  'true',
  '[]',
  '{}',
  '2026-02-30T00:00:00Z',
  '0000-00-00T00:00:00Z',
  '9999-12-31T23:59:60Z',
  '-271821-04-20T00:00:00Z',
  '*',
  'W/"1"',
  '"1", "2"',
];
/** Numbers as they are written. */
const ODD_NUMBERS = ['-0', '-1', '1e400', '-1e-400', '1.5', '2147483648', '12345678901234567890123', '1E2'];

const oddText = fc.oneof(
  fc.constantFrom(...ODD_TEXTS),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.integer({ min: 1, max: 3_000 }).map((length) => 'x'.repeat(length)),
);

/** JSON text of anything at all. */
const oddJson: fc.Arbitrary<string> = fc.oneof(
  oddText.map((text) => JSON.stringify(text)),
  fc.constantFrom(...ODD_NUMBERS, 'null', 'true', '[]', '{}', '[[]]', '{"":{}}', '{"__proto__":{"a":1}}'),
  fc.json({ maxDepth: 3 }),
  fc.integer({ min: 1, max: 3_000 }).map((depth) => '['.repeat(depth) + ']'.repeat(depth)),
  fc.integer({ min: 90, max: 110 }).map((depth) => '{"a":'.repeat(depth) + '1' + '}'.repeat(depth)),
);

const OPAQUE = [...'AZaz09._:-'];

function text({ format, pattern, minLength = 0, maxLength = 300 }: JsonSchema): fc.Arbitrary<string> {
  if (format === 'uuid') return fc.uuid();
  if (format === 'date-time') {
    const time = fc.date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true });
    return fc
      .tuple(time, fc.constantFrom('Z', '.5Z', '+14:00', '-00:00'))
      .map(([date, end]) => date.toISOString().slice(0, 19) + end);
  }
  const unit = pattern ? fc.constantFrom(...OPAQUE) : 'grapheme';
  return fc.oneof(
    fc.string({ unit, minLength, maxLength: Math.min(maxLength, 20) }),
    fc.constantFrom(minLength, maxLength).map((length) => 'a'.repeat(length)),
  );
}

/** JSON text that a schema allows, with its bounds among it. */
function validJson(schema: JsonSchema, schemas: Schemas, hints: Hints = {}): fc.Arbitrary<string> {
  if (schema.$ref) return validJson(schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {}, schemas, hints);
  const [only] = schema.allOf ?? [];
  if (only) return validJson(only, schemas, hints);
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map((one) => validJson(one, schemas, hints)));
  if (schema.enum) return fc.constantFrom(...schema.enum.map((value) => JSON.stringify(value)));
  return fc.oneof(
    ...[schema.type ?? []].flat().map((type): fc.Arbitrary<string> => {
      if (type === 'null') return fc.constant('null');
      if (type === 'integer') {
        const { minimum: min = 0, maximum: max = 2 ** 31 - 1 } = schema;
        return fc.oneof(fc.constantFrom(min, max), fc.integer({ min, max: Math.min(max, 5) })).map(String);
      }
      if (type === 'array') {
        const items = validJson(schema.items ?? {}, schemas, hints);
        return fc
          .array(items, { minLength: schema.minItems ?? 0, maxLength: 3 })
          .map((all) => `[${all.join()}]`);
      }
      if (type === 'object' && schema.properties) {
        const members = Object.entries(schema.properties).map(([name, property]) => {
          const hinted = hints[name]?.map((value) => JSON.stringify(value)) ?? [];
          const any = validJson(property, schemas, hints);
          const value = hinted.length > 0 ? fc.oneof(any, fc.constantFrom(...hinted)) : any;
          const member = value.map((json): string[] => [`${JSON.stringify(name)}:${json}`]);
          return schema.required?.includes(name) ? member : fc.oneof(fc.constant<string[]>([]), member);
        });
        return fc.tuple(...members).map((all) => `{${all.flat().join()}}`);
      }
      if (type === 'object')
        return fc.dictionary(fc.string(), fc.jsonValue()).map((value) => JSON.stringify(value));
      return text(schema).map((value) => JSON.stringify(value));
    }),
  );
}

/** JSON text of an object that says nothing but what is hinted at, so that all of it means something. */
function hintedJson(schema: JsonSchema, schemas: Schemas, hints: Hints): fc.Arbitrary<string> {
  if (schema.$ref) return hintedJson(schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {}, schemas, hints);
  if (schema.items)
    return fc
      .array(hintedJson(schema.items, schemas, hints), { minLength: 1, maxLength: 2 })
      .map((all) => `[${all.join()}]`);
  const members = Object.entries(schema.properties ?? {}).map(([name, property]) => {
    const hinted = hints[name]?.map((value) => JSON.stringify(value)) ?? [];
    const isRequired = schema.required?.includes(name);
    if (hinted.length === 0 && !isRequired) return fc.constant<string[]>([]);
    const value = hinted.length > 0 ? fc.constantFrom(...hinted) : hintedJson(property, schemas, hints);
    const member = value.map((json): string[] => [`${JSON.stringify(name)}:${json}`]);
    return isRequired ? member : fc.oneof(fc.constant<string[]>([]), { arbitrary: member, weight: 2 });
  });
  return fc.tuple(...members).map((all) => `{${all.flat().join()}}`);
}

/** A body that a schema allows, one with a fault in it, something else, or none; not all of it is JSON. */
export function anyBody(
  schema: JsonSchema,
  schemas: Schemas,
  hints: Hints = {},
): fc.Arbitrary<string | Buffer | undefined> {
  const valid = validJson(schema, schemas, hints);
  const names = Object.keys(schemas[schema.$ref?.split('/').at(-1) ?? '']?.properties ?? {});
  const withMember = fc
    .tuple(valid, fc.constantFrom(...names, 'unknown', 'tenant_id', '__proto__', 'constructor'), oddJson)
    .map(([body, name, value]) => {
      const rest = body.slice(1);
      return `{${JSON.stringify(name)}:${value}${rest === '}' ? '' : ','}${rest}`;
    });
  const replaced = fc
    .tuple(valid, oddJson)
    .map(([body, value]) => body.replace(/:("[^"]*"|\d+|null)/, () => `:${value}`));
  const damaged = fc
    .tuple(valid, fc.nat(), fc.constantFrom('', '"', '}', '\\', '\u0001', ',,', '/**/'))
    .map(([body, place, damage]) => {
      const at = place % (body.length + 1);
      return body.slice(0, at) + damage + body.slice(at + 1);
    });
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 20 }).map((array) => Buffer.from(array));
  return fc.oneof(
    { arbitrary: valid, weight: 8 },
    { arbitrary: hintedJson(schema, schemas, hints), weight: 7 },
    { arbitrary: withMember, weight: 3 },
    { arbitrary: replaced, weight: 4 },
    { arbitrary: damaged, weight: 1 },
    { arbitrary: oddJson, weight: 1 },
    { arbitrary: bytes, weight: 1 },
    { arbitrary: fc.constant(undefined), weight: 1 },
  );
}

/** A value for a parameter or header: mostly absent, else one that its schema allows, or one that it does not. */
export function anyParameter(schema: JsonSchema, schemas: Schemas): fc.Arbitrary<string | undefined> {
  const valid = validJson(schema, schemas).map((json): string => {
    const value: unknown = JSON.parse(json);
    return typeof value === 'string' ? value : Array.isArray(value) ? value.join() : json;
  });
  return fc.oneof(
    { arbitrary: fc.constant(undefined), weight: 12 },
    { arbitrary: valid, weight: 5 },
    { arbitrary: oddText, weight: 1 },
  );
}

/** Part of a path. */
export const oddSegment = oddText.filter((segment) => segment.isWellFormed() && !/^\.{0,2}$/.test(segment));

/** What may stand in a header. */
export const headerText = (value: string): string =>
  value.replaceAll(/[^\x20-\x7e\xa0-\xff]/g, '~').slice(0, 1_000);
