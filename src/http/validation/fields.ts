import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { ValidateBy, ValidateIf } from 'class-validator';
import { now } from '../../common/clock.js';
import { isUuid } from '../../common/ids.js';
import { WrittenJson } from '../../common/json/json-text.js';
import { isJsonObject, isNestedWithin, isWellFormedJson } from '../../common/json/json-value.js';
import { EXTERNAL_ID_RULE, isExternalId, isOpaqueId, OPAQUE_ID_RULE } from '../../common/opaque-id.js';
import { ReadAs } from './reading.js';
import { lacksItsPlus, parseRfc3339, TIME_RULE } from './rfc3339.js';
import { didYouMean, suggestionFor } from './suggestions.js';

/** What a field's documentation says, and when it may be absent. A field is required unless said otherwise. */
interface FieldOptions {
  description: string;
  example?: unknown;
  /** Of parameters only: where a body says it in its schema, generated clients ask for the property. */
  default?: unknown;
  /** Whether it may be absent (or null, which is the same), or when that depends on the rest. */
  optional?: boolean | ((dto: object) => boolean);
  /** What a fault says where it is absent and may not be, in place of the rule. */
  absent?: string;
  /** Null is a value of its own. */
  keepsNull?: boolean;
  /** Whether the documentation has null; by default where a property is optional. */
  nullable?: boolean;
}

/** What all query parameters have in common. */
export const PARAMETER = { optional: true, nullable: false } as const;

/** What is said of an enum itself, wherever it is used. */
interface EnumDocs {
  description: string;
  default?: string;
}

/** The part of a JSON Schema that a field's rule tells. */
interface Schema {
  type?: 'string' | 'integer' | 'boolean' | 'array' | ObjectConstructor | [new () => object];
  format?: string;
  pattern?: string;
  enum?: string[];
  enumName?: string;
  enumSchema?: EnumDocs;
  isArray?: boolean;
  items?: object;
  additionalProperties?: boolean;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  minItems?: number;
  maxItems?: number;
}

interface EnumOptions {
  values: readonly string[];
  /** Its name in the OpenAPI document. */
  name: string;
  docs?: EnumDocs;
}

const MAX_JSON_DEPTH = 100;
/** Of a unit of a string, in UTF-8. */
const MAX_UNIT_BYTES = 3;
const CLOCK_SKEW_MS = 60_000;

/** A property with its documentation and its rule; `hint` adds to the rule what a wrong value probably means. */
function field(
  options: FieldOptions,
  schema: Schema,
  isValid: (value: unknown) => boolean,
  rule: string,
  hint: (value: unknown) => string | undefined = () => undefined,
): PropertyDecorator {
  const {
    description,
    example,
    optional = false,
    absent,
    keepsNull = false,
    nullable = optional !== false,
  } = options;
  const mayBeAbsent = (dto: object) => (typeof optional === 'function' ? optional(dto) : optional);
  return applyDecorators(
    ApiProperty({
      ...schema,
      description,
      required: optional === false,
      ...(nullable && { nullable }),
      ...(example !== undefined && { example }),
      ...(options.default !== undefined && { default: options.default }),
    }),
    ReadAs({ keepsNull, mayBeAbsent: optional === true }),
    ValidateIf((dto: object, value) => value !== null && !(value === undefined && mayBeAbsent(dto))),
    ValidateBy({
      name: rule,
      validator: {
        validate: isValid,
        defaultMessage: (failure) =>
          failure?.value === undefined && absent !== undefined
            ? absent
            : [rule, hint(failure?.value) ?? []].flat().join('; '),
      },
    }),
  );
}

/** Text that both engines keep character for character: no NUL, no half of a surrogate pair. */
const isStorableText = (value: unknown): value is string =>
  typeof value === 'string' && value.isWellFormed() && !value.includes('\0');

/** -0 is what is left of a number that is too small for a double. */
const isIntegerIn = (min: number, max: number) => (value: unknown) =>
  Number.isInteger(value) && !Object.is(value, -0) && Number(value) >= min && Number(value) <= max;

const isOneOf = (values: readonly string[]) => (value: unknown) =>
  typeof value === 'string' && values.includes(value);

const hintOf = (values: readonly string[]) => (value: unknown) => {
  const wrong = [value].flat().find((one) => !isOneOf(values)(one));
  const meant = typeof wrong === 'string' ? suggestionFor(wrong, values) : undefined;
  return meant && didYouMean(meant);
};

export const OpaqueIdField = (options: FieldOptions): PropertyDecorator =>
  field(
    options,
    { type: 'string', minLength: 1, maxLength: 64, pattern: '^[A-Za-z0-9._:-]+$' },
    isOpaqueId,
    OPAQUE_ID_RULE,
  );

/** As an opaque id; a UUID is the same in upper and in lower case, which is the one that the DTO holds. */
export const AgentIdField = (options: FieldOptions): PropertyDecorator =>
  applyDecorators(
    ReadAs({ convert: (raw) => (typeof raw === 'string' && isUuid(raw) ? raw.toLowerCase() : raw) }),
    OpaqueIdField(options),
  );

/** An id that the service made; found in upper case too. */
export const IdField = (options: FieldOptions): PropertyDecorator =>
  applyDecorators(
    ReadAs({ convert: (raw) => (typeof raw === 'string' ? raw.toLowerCase() : raw) }),
    field(
      options,
      { type: 'string', format: 'uuid' },
      (value) => typeof value === 'string' && isUuid(value),
      'must be a UUID',
    ),
  );

/** An id of a user, an assignment or a run, or a client's own name for a thing. */
export const ExternalIdField = (options: FieldOptions): PropertyDecorator =>
  field(
    options,
    { type: 'string', minLength: 1, maxLength: 255, pattern: '^[!-~]+$' },
    isExternalId,
    EXTERNAL_ID_RULE,
  );

export const BooleanField = (options: FieldOptions): PropertyDecorator =>
  field(options, { type: 'boolean' }, (value) => typeof value === 'boolean', 'must be true or false');

/** Text of a form of its own. */
export const PatternField = ({
  pattern,
  rule,
  ...options
}: FieldOptions & { pattern: RegExp; rule: string }): PropertyDecorator =>
  field(
    options,
    { type: 'string', pattern: pattern.source },
    (value) => typeof value === 'string' && pattern.test(value),
    rule,
  );

/** Text of `min` to `max` characters (Unicode code points, as the database counts them). */
export const TextField = ({
  min = 0,
  max,
  ...options
}: FieldOptions & { min?: number; max: number }): PropertyDecorator =>
  field(
    options,
    { type: 'string', minLength: min, maxLength: max },
    (value) => {
      if (!isStorableText(value) || value.length > 2 * max) return false;
      // A character is one or two units of the string.
      if (value.length <= max && value.length >= 2 * min) return true;
      const characters = Array.from(value).length;
      return characters >= min && characters <= max;
    },
    `must be text of ${min} to ${max} characters, without NUL or unpaired surrogates`,
  );

/** Text of up to `maxBytes` in UTF-8. */
export const LongTextField = ({
  maxBytes,
  ...options
}: FieldOptions & { maxBytes: number }): PropertyDecorator =>
  field(
    options,
    { type: 'string' },
    (value) =>
      isStorableText(value) &&
      (value.length * MAX_UNIT_BYTES <= maxBytes || Buffer.byteLength(value) <= maxBytes),
    `must be text of up to ${maxBytes} bytes in UTF-8, without NUL or unpaired surrogates`,
  );

export const EnumField = ({
  values,
  name,
  docs,
  ...options
}: FieldOptions & EnumOptions): PropertyDecorator =>
  field(
    options,
    { enum: [...values], enumName: name, ...(docs && { enumSchema: docs }) },
    isOneOf(values),
    `must be one of ${values.join(', ')}`,
    hintOf(values),
  );

export const IntegerField = ({
  min,
  max,
  ...options
}: FieldOptions & { min: number; max: number }): PropertyDecorator =>
  field(
    options,
    { type: 'integer', minimum: min, maximum: max },
    isIntegerIn(min, max),
    `must be an integer from ${min} to ${max}`,
  );

/** A JSON object of up to `maxBytes` as it is written, without blanks; the DTO holds a WrittenJson. */
export const JsonObjectField = ({
  maxBytes,
  ...options
}: FieldOptions & { maxBytes: number }): PropertyDecorator =>
  applyDecorators(
    ReadAs({ isWritten: true }),
    field(
      options,
      { type: Object, additionalProperties: true },
      (json) => isStorableJson(json, maxBytes, MAX_JSON_DEPTH) && isJsonObject(json.value),
      `must be a JSON object of up to ${maxBytes} bytes, nested at most ${MAX_JSON_DEPTH} deep, without unpaired surrogates`,
    ),
  );

/** 1 to `max` JSON objects that `accepts` takes, of up to `maxBytes` together as they are written; the DTO holds a WrittenJson. */
export const JsonObjectsField = ({
  max,
  maxBytes,
  accepts,
  items,
  ...options
}: FieldOptions & {
  max: number;
  maxBytes: number;
  accepts: (object: Record<string, unknown>) => boolean;
  /** What the documentation says of each, and what a fault does. */
  items: { schema: object; rule: string };
}): PropertyDecorator => {
  const isItem = (one: unknown) => isJsonObject(one) && accepts(one);
  return applyDecorators(
    ReadAs({ isWritten: true }),
    field(
      options,
      { type: 'array', items: items.schema, minItems: 1, maxItems: max },
      (json) =>
        isStorableJson(json, maxBytes, MAX_JSON_DEPTH + 1) &&
        Array.isArray(json.value) &&
        json.value.length >= 1 &&
        json.value.length <= max &&
        json.value.every(isItem),
      `must be 1 to ${max} JSON objects, ${items.rule}, together up to ${maxBytes} bytes, each nested at most ${MAX_JSON_DEPTH} deep, without unpaired surrogates`,
      (json) => {
        const list: unknown = json instanceof WrittenJson ? json.value : undefined;
        const index = Array.isArray(list) ? list.findIndex((one) => !isItem(one)) : -1;
        return index === -1 ? undefined : `number ${index}, counted from 0, is not`;
      },
    ),
  );
};

/** In a text of valid UTF-8 only an escape can be half of a pair. */
const SURROGATE = /\\u[dD][89a-fA-F]/;

/** JSON that can be read again everywhere, and is not too large. */
const isStorableJson = (json: unknown, maxBytes: number, maxDepth: number): json is WrittenJson =>
  json instanceof WrittenJson &&
  Buffer.byteLength(json.text) <= maxBytes &&
  (json.levels <= maxDepth || isNestedWithin(maxDepth, json.value)) &&
  (!SURROGATE.test(json.text) || isWellFormedJson(json.value));

/** An RFC 3339 time; the DTO holds a Date. */
export const TimeField = (options: FieldOptions): PropertyDecorator =>
  applyDecorators(
    ReadAs({ convert: (raw) => (typeof raw === 'string' ? (parseRfc3339(raw) ?? raw) : raw) }),
    field(
      options,
      { type: 'string', format: 'date-time' },
      (value) => value instanceof Date,
      TIME_RULE,
      (value) =>
        typeof value === 'string' && lacksItsPlus(value) ? 'a + in a query is written %2B' : undefined,
    ),
  );

/** A time that is over, but for a minute in which clocks may differ. */
export const PastTimeField = (options: FieldOptions): PropertyDecorator =>
  applyDecorators(
    TimeField(options),
    ValidateBy({
      name: 'past',
      validator: {
        validate: (time) => !(time instanceof Date) || time.getTime() <= now().getTime() + CLOCK_SKEW_MS,
        defaultMessage: () => 'must not lie in the future',
      },
    }),
  );

/** An array of `min` to `max` elements, each read and validated as `Element`. */
export const ListField = ({
  Element,
  min,
  max,
  ...options
}: FieldOptions & { Element: new () => object; min: number; max: number }): PropertyDecorator =>
  applyDecorators(
    ReadAs({ elements: { Element, maxLength: max } }),
    field(
      options,
      { type: [Element], minItems: min, maxItems: max },
      (value) => Array.isArray(value) && value.length >= min && value.length <= max,
      `must be an array of ${min} to ${max} elements`,
    ),
  );

/** A whole number in the query string. */
export const IntegerParameter = (options: FieldOptions & { min: number; max: number }): PropertyDecorator =>
  applyDecorators(
    ReadAs({
      convert: (raw) => (typeof raw === 'string' && /^-?\d{1,16}$/.test(raw) ? Number(raw) : raw),
    }),
    IntegerField({ ...PARAMETER, ...options }),
  );

/** A page number other than 1, which generated clients fill in, may not be given together with any of `others`. */
export const PageInsteadOf = (...others: string[]): PropertyDecorator =>
  ValidateBy({
    name: 'pageInsteadOf',
    validator: {
      validate: (page, rule) =>
        page === 1 || others.every((other) => rule && Reflect.get(rule.object, other) === undefined),
      defaultMessage: () => `cannot be combined with ${others.join(' or ')}`,
    },
  });

/** Several enum values in the query string, repeated or comma-separated; the DTO holds an array. */
export const EnumListParameter = ({
  values,
  name,
  docs,
  ...options
}: FieldOptions & EnumOptions): PropertyDecorator =>
  applyDecorators(
    ReadAs({
      repeats: true,
      convert: (raw) => {
        const list = [raw].flat().flatMap((part) => (typeof part === 'string' ? part.split(',') : [part]));
        const named = list.filter((part) => part !== '');
        return named.length > 0 ? named : undefined;
      },
    }),
    field(
      { ...PARAMETER, ...options },
      { enum: [...values], enumName: name, isArray: true, ...(docs && { enumSchema: docs }) },
      (value) => Array.isArray(value) && value.every(isOneOf(values)),
      `must each be one of ${values.join(', ')}`,
      hintOf(values),
    ),
  );

/** An array of enum values, at least one. */
export const EnumListField = ({
  values,
  name,
  docs,
  ...options
}: FieldOptions & EnumOptions): PropertyDecorator =>
  field(
    options,
    { enum: [...values], enumName: name, isArray: true, minItems: 1, ...(docs && { enumSchema: docs }) },
    (value) => Array.isArray(value) && value.length > 0 && value.every(isOneOf(values)),
    `must be an array of at least one of ${values.join(', ')}`,
    hintOf(values),
  );
